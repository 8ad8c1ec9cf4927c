"""Texts and integers that break servers, and texts of an exact size."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

from hypothesis import HealthCheck, Phase, find, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

from receiptspec.alternatives import Flat
from receiptspec.dialect import regex
from receiptspec.errors import SchemaError

__all__ = ["INTEGERS", "TEXTS", "UNLIMITED", "exact_texts", "fitted", "shortest", "special_texts"]

UNLIMITED = 4096
"""The length in characters of a very long text where the schema names no limit."""

INTEGERS = (0, -1, 1, 2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**53, 2**53 + 1, 2**63 - 1, 2**63)

TEXTS: tuple[tuple[str, str], ...] = (
    ("empty", ""),
    ("one space", " "),
    ("space around", " a "),
    ("NUL", "\x00"),
    ("NUL inside", "a\x00b"),
    ("control characters", "\x01\x08\x1b\x1f\x7f"),
    ("C1 control", "\x85"),
    ("tab and line ends", "a\tb\r\nc\n"),
    ("line separator", "\u2028\u2029"),
    ("emoji", "😀"),
    ("ZWJ sequence", "👩\u200d👩\u200d👧\u200d👦"),
    ("flag", "🇩🇪"),
    ("skin tone", "👍🏽"),
    ("combining marks", "e\u0301\u0323\u0308"),
    ("composed and decomposed", "é e\u0301"),
    ("right to left", "שלום مرحبا"),
    ("direction override", "\u202eabc\u202c"),
    ("zero width", "a\u200bb\u200c\ufeff"),
    ("ideographs", "读回执"),
    ("beyond the BMP", "\U00020000\U0010fffd"),
    ("noncharacter", "\uffff"),
    ("dotless i and sharp s", "İıßſ"),
    ("double quote", '"'),
    ("single quote", "'"),
    ("backslash", "\\"),
    ("escapes written out", "\\u0000\\n\\x41"),
    ("percent format", "%s%n%d"),
    ("brace format", "{0}{a}${b}"),
    ("SQL", "' OR '1'='1' --"),
    ("HTML", "<script>alert(1)</script>&amp;"),
    ("path", "../../etc/passwd"),
    ("URL characters", "a/b?c=d&e#f%00+"),
    ("line break in a header", "a\r\nX-A: b"),
    ("number", "0"),
    ("negative number", "-1"),
    ("word null", "null"),
    ("JSON inside", '{"a":[1]}'),
    ("group mark", "@TGS#1ABC"),
)


def _size(text: str) -> int:
    return len(text.encode())


def fitted(text: str, least: int, most: int | None, limit: int | None) -> str:
    """Cut or fill `text` to `least`..`most` characters and at most `limit` UTF-8 bytes."""
    text = text if most is None else text[:most]
    text += "a" * (least - len(text))
    if limit is None or _size(text) <= limit:
        return text
    kept: list[str] = []
    left = limit
    for index, char in enumerate(text):
        room = left - max(0, least - index - 1)
        if room < 1:
            break
        kept.append(char if _size(char) <= room else "a")
        left -= _size(kept[-1])
    return "".join(kept)


def special_texts(flat: Flat) -> list[tuple[str, str]]:
    """The labelled texts that a site allows, a very long one where no limit is named."""
    texts = [*TEXTS]
    if flat.get("maxLength") is None and flat.get("x-maxBytes") is None:
        texts.append(("very long", "a" * UNLIMITED))
    return [(label, text) for label, text in texts if flat.allows(text)]


def exact_texts(flat: Flat) -> Iterator[tuple[str, str]]:
    """Yield labelled texts that exactly meet each limit of a site, in characters and in bytes."""
    least, most, limit = flat.get("minLength"), flat.get("maxLength"), flat.get("x-maxBytes")
    proposals: list[tuple[str, str]] = []
    if least is not None:
        proposals += [("minLength", "a" * least), ("minLength, multibyte", "é" * least)]
    if most is not None:
        proposals += [("maxLength", "a" * most), ("maxLength, multibyte", "é" * most)]
        proposals.append(("maxLength, four bytes each", "😀" * most))
    if limit is not None:
        proposals.append(("x-maxBytes", "a" * limit))
        for name, char in (("two", "é"), ("three", "读"), ("four", "😀")):
            count, rest = divmod(limit, _size(char))
            proposals.append((f"x-maxBytes, {name}-byte characters", "a" * rest + char * count))
    for label, text in proposals:
        if flat.allows(text):
            yield label, text
        elif "pattern" in flat.schema and (stretched := _stretched(flat, len(text))) is not None:
            yield label, stretched


def _stretched(flat: Flat, length: int) -> str | None:
    """A text of that many characters that meets the pattern, made by repeating one of a sample."""
    for sample in (shortest(flat), *_samples(flat)):
        for index, char in enumerate(sample):
            text = sample[:index] + char * (length - len(sample)) + sample[index:]
            if len(text) == length and flat.allows(text):
                return text
    return None


def _samples(flat: Flat) -> Iterator[str]:
    given = [value for value in flat.get("examples", ()) if isinstance(value, str)]
    listed = sorted((text for _, text in TEXTS), key=len)
    letters = [c * n for n in range(1, 9) for c in "aA01_-@#/.:x"]
    yield from (text for text in (*given, *letters, *listed) if flat.allows(text))


def shortest(flat: Flat) -> str:
    """Return a short text that a site allows, always the same.

    Raises SchemaError where a pattern allows none within the limits.
    """
    simple: str = "a" * flat.get("minLength", 0)
    if flat.allows(simple):
        return simple
    sample = next(_samples(flat), None)
    if sample is not None:
        return sample
    return _searched(
        flat.get("pattern", ""),
        flat.get("minLength", 0),
        flat.get("maxLength"),
        flat.get("x-maxBytes"),
    )


@lru_cache(maxsize=256)
def _searched(pattern: str, least: int, most: int | None, limit: int | None) -> str:
    texts = st.from_regex(regex(pattern), alphabet=st.characters(codec="utf-8"))

    def fits(text: str) -> bool:
        long_enough = len(text) >= least and (most is None or len(text) <= most)
        return long_enough and (limit is None or _size(text) <= limit)

    profile = settings(
        database=None,
        derandomize=True,
        deadline=None,
        max_examples=2000,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    # In a thread of its own, for Hypothesis objects to a search inside a running test.
    try:
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(find, texts, fits, settings=profile).result()
    except NoSuchExample as error:
        raise SchemaError(f"no text meets pattern {pattern!r} within its limits") from error
