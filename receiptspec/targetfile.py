"""Named targets from targets.yaml, validated and frozen."""

from __future__ import annotations

import json
import os
import re
import shlex
import ssl
import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match

from receiptspec import addresses, resources, yamltext
from receiptspec import contract as contracts
from receiptspec.errors import ConfigurationError, did_you_mean
from receiptspec.exchange import Secret
from receiptspec.targets import (
    Budget,
    Deviation,
    Fixture,
    Harness,
    Target,
    Timeouts,
    is_loopback,
)

__all__ = [
    "credentials",
    "deviations",
    "find_file",
    "is_packaged",
    "load",
    "names",
    "needs_harness",
    "wrong",
]

Path_ = tuple[str | int, ...]

_SECRET_KEYS = {"key", "secret_key", "session_token"}
_SECRET = {"auth", "webhook_token", "rate_store"}
_KINDS = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "null": "nothing",
    "number": "a number",
    "object": "a block of fields",
    "string": "text",
}
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")
_LONGEST = 86_400.0
_SHOWN = 120
_LIKE = "like http://127.0.0.1:8080"
_TOKENS = {"access_key", "region", "service", "session_token"}
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0}


def find_file(explicit: str | None) -> Path:
    """Return the targets file: the one named, else ``./targets.yaml``, else the packaged one."""
    if explicit is not None:
        return Path(explicit)
    local = Path("targets.yaml")
    return local if local.exists() else resources.path("targets.yaml")


def is_packaged(file: Path) -> bool:
    """Whether it is the file that is read where there is no ``./targets.yaml``."""
    return file == resources.path("targets.yaml")


def names(file: Path) -> tuple[str, ...]:
    """Return the names of the targets in `file`."""
    return tuple(_read(file).data)


def _block_schema() -> dict[str, Any]:
    text = resources.path("schemas/targets.schema.json").read_text(encoding="utf-8")
    block: dict[str, Any] = json.loads(text)["$defs"]["target"]
    return block


def needs_harness(vendor: str) -> bool:
    """Whether targets of a vendor are client SDKs, which are reached through a harness."""
    return any(
        rule["if"]["properties"]["vendor"]["const"] == vendor
        and "harness" in rule["then"].get("required", ())
        for rule in _block_schema()["allOf"]
    )


def credentials(vendor: str) -> dict[str, tuple[str, bool, bool]]:
    """Return what `auth` of a vendor may hold: key to (description, is it needed?, is it secret?).

    Raises `ConfigurationError` for a vendor that no target can have.
    """
    block = _block_schema()
    known = block["properties"]["vendor"]["enum"]
    if vendor not in known:
        raise ConfigurationError(f"no vendor {vendor!r}", fix=f"known: {', '.join(known)}")
    needed: list[str] = []
    for rule in block["allOf"]:
        if rule["if"]["properties"]["vendor"]["const"] == vendor:
            then = rule["then"].get("properties", {})
            needed = then.get("auth", {}).get("required", needed)
    found = {}
    for key, entry in block["properties"]["auth"]["properties"].items():
        owner, _, about = entry["description"].partition(": ")
        if key in needed or owner.lower() == vendor:
            found[key] = (about, key in needed, key in _SECRET_KEYS)
    return found


def deviations(file: Path, name: str) -> tuple[Mapping[str, str], ...]:
    """Return the deviations of a target as they are written."""
    source = _read(file)
    _must_be_target(source, name)
    return tuple(source.data[name].get("deviations", ()))


def load(file: Path, name: str) -> Target:
    """Load one target.

    Raises `ConfigurationError` naming file, line and key: an unknown target or field, a value that
    the schema refuses, an unset variable, an address without scheme.
    """
    source = _read(file)
    if name not in source.data:
        known = ", ".join(source.data)
        if is_packaged(file):
            raise ConfigurationError(
                f"no target {name!r}: there is no targets.yaml here, and the packaged one has "
                f"{known}",
                fix=f"{did_you_mean(name, source.data)}go to the folder of your own, name it by "
                "--targets, or begin one: receiptspec init",
            )
        raise ConfigurationError(
            f"no target {name!r}",
            file=file,
            fix=f"{did_you_mean(name, source.data)}known: {known}",
        )
    _must_be_target(source, name)
    block = _substitute(source, source.data[name], (name,))
    built = _build(source, name, block)
    return replace(built, variables=_variables(source.data[name].get("hooks")))


def _variables(value: Any) -> tuple[Secret, ...]:
    """Return what variables stand for in a value: it may be a secret."""
    named = re.finditer(_VARIABLE, json.dumps(value, ensure_ascii=False))
    held = {os.environ[found[1]] for found in named if found[1] in os.environ}
    return tuple(map(Secret, sorted(held)))


def _read(file: Path) -> yamltext.YamlFile:
    try:
        now = file.stat()
    except OSError:
        return _parsed(file, (0, 0))
    return _parsed(file, (now.st_mtime_ns, now.st_size))


@cache
def _parsed(file: Path, _state: tuple[int, int]) -> yamltext.YamlFile:
    source = yamltext.load(file)
    if not source.data:
        raise ConfigurationError("holds no targets", file=file, fix="see docs/targets.md")
    if not isinstance(source.data, dict):
        raise ConfigurationError("expected target names with a block each", file=file, line=1)
    return source


def _must_be_target(source: yamltext.YamlFile, name: str) -> None:
    """Refuse a target that the schema does; nobody looks at the others of the file."""
    schema = json.loads(resources.path("schemas/targets.schema.json").read_text(encoding="utf-8"))
    found = Draft202012Validator(schema).iter_errors({name: source.data[name]})
    problem = best_match(found, key=_relevance)
    if problem is not None:
        raise _explain(source, problem)


def _relevance(error: ValidationError) -> tuple[int, int]:
    """Prefer unknown fields, then the deepest place."""
    return (int(error.validator == "additionalProperties"), len(error.absolute_path))


def _explain(source: yamltext.YamlFile, problem: ValidationError) -> ConfigurationError:
    path: Path_ = tuple(problem.absolute_path)
    if "propertyNames" in problem.absolute_schema_path:
        path = (*path, str(problem.instance))
    schema: dict[str, Any] = dict(problem.schema)  # type: ignore[arg-type]
    value: Any = problem.validator_value
    instance: Any = problem.instance
    if problem.validator == "additionalProperties":
        known = list(schema.get("properties", ()))
        unknown = next(key for key in instance if key not in known)
        return source.error(
            f"unknown field {unknown!r}",
            (*path, unknown),
            fix=f"{did_you_mean(unknown, known)}known: {', '.join(known)}",
        )
    if problem.validator == "oneOf" and len(path) == 1:
        return source.error("needs either url or embedded: true", path, fix="give exactly one")
    if problem.validator == "required":
        missing = [key for key in value if key not in instance]
        return source.error(f"{', '.join(missing)} missing", path, fix="add it")
    if problem.validator == "enum":
        allowed = ", ".join(map(str, value))
        hint = did_you_mean(str(instance), map(str, value))
        return source.error(f"{_shown(instance)} is not known", path, fix=f"{hint}one of {allowed}")
    if problem.validator == "pattern":
        description = schema.get("description", f"like {value}")
        return source.error(
            f"{_shown(instance)} is malformed", path, fix=f"expected: {description}"
        )
    if problem.validator == "type":
        kinds = [value] if isinstance(value, str) else value
        wanted = " or ".join(_KINDS[kind] for kind in kinds)
        description = schema.get("description", "")
        wanted += f": {description}" if description else ""
        shown = "what stands here" if _SECRET & set(path) else _shown(instance)
        return source.error(f"{shown} is of another type", path, fix=f"expected {wanted}")
    if problem.validator in ("minimum", "exclusiveMinimum", "maximum"):
        words = {"minimum": "at least", "exclusiveMinimum": "more than", "maximum": "at most"}
        fix = f"expected {words[str(problem.validator)]} {value}"
        return source.error(f"{_shown(instance)} is out of bounds", path, fix=fix)
    if problem.validator in ("minLength", "minItems"):
        return source.error("is empty", path, fix="write something there")
    return source.error(problem.message, path)


def _shown(value: Any) -> str:
    return repr(value) if len(repr(value)) <= _SHOWN else repr(value)[:_SHOWN] + "…"


def _substitute(source: yamltext.YamlFile, value: Any, path: Path_) -> Any:
    if isinstance(value, dict):
        return {key: _substitute(source, item, (*path, key)) for key, item in value.items()}
    if isinstance(value, list):
        return [_substitute(source, item, (*path, index)) for index, item in enumerate(value)]
    if not isinstance(value, str) or "${" not in value:
        return value

    def fill(found: re.Match[str]) -> str:
        text = os.environ.get(found[1], found[2])
        if text is None or (not text and found[2] is None):
            raise source.error(
                f"environment variable {found[1]} is not set", path, fix=f"export {found[1]}=…"
            )
        return text

    if "${" in _VARIABLE.sub("", value):
        raise source.error(
            "holds a variable that does not end",
            path,
            fix="like ${NAME} or ${NAME:-default}",
        )
    return _VARIABLE.sub(fill, value)


def seconds(text: str) -> float:
    """Turn ``500ms``, ``2s`` or ``5m`` into seconds."""
    number, unit = re.fullmatch(r"([0-9.]+)(ms|s|m)", text).groups()  # type: ignore[union-attr]
    return float(number) * _UNITS[unit]


def per_second(text: str) -> float:
    """Turn ``200/s`` or ``100/m`` into calls a second."""
    number, unit = text.split("/")
    return int(number) / _UNITS[unit]


def _consistency(block: Mapping[str, Any]) -> str:
    """Return how long views may lag where the file does not say.

    The embedded server shows everything at once unless a variant or a harness delays it.
    """
    embedded = block.get("embedded")
    varied = isinstance(embedded, dict) and embedded.get("variants")
    return "500ms" if embedded and not varied and "harness" not in block else "2s"


def _build(source: yamltext.YamlFile, name: str, block: dict[str, Any]) -> Target:
    embedded = block.get("embedded", False)
    broken = embedded if isinstance(embedded, dict) else {}
    url = _url(source, name, block)
    timeouts = {
        key: _duration(source, (name, "timeouts", key), value, some=True)
        for key, value in block.get("timeouts", {}).items()
    }
    return Target(
        name=name,
        vendor=block["vendor"],
        url=url,
        description=block.get("description", ""),
        auth=_auth(source, name, block.get("auth", {})),
        embedded=bool(embedded) or isinstance(embedded, dict),
        faults=tuple(broken.get("faults", ())),
        variants=tuple(broken.get("variants", ())),
        rate=per_second(block["rate"]) if "rate" in block else None,
        rate_store=_address(block.get("rate_store")),
        writes=block.get("writes", "embedded" in block or is_loopback(url)),
        consistency=_duration(
            source, (name, "consistency"), block.get("consistency", _consistency(block))
        ),
        timeouts=Timeouts(**timeouts),
        budget=Budget(**block.get("budget", {})),
        read_hook=_hook(source, name, block),
        webhook_listener=_listener(source, name, block.get("hooks", {}).get("webhook_listener")),
        webhook_token=_secret(block.get("hooks", {}).get("webhook_token")),
        capabilities=_capabilities(source, name, block),
        fixture=_fixture(block["vendor"], block.get("fixtures", {}).get("group")),
        ca=_authority(source, name, block.get("ca")),
        proxy=_proxy(source, name, block.get("proxy")),
        deviations=_deviations(source, name, block.get("deviations", [])),
        pin=_pin(source, name, block),
        file=str(source.file),
        harness=_harness(source, (name, "harness"), block.get("harness")),
    )


def _pin(source: yamltext.YamlFile, name: str, block: dict[str, Any]) -> str:
    """Return the release that a target keeps to, empty for the newest."""
    if "contract" not in block:
        return ""
    vendor, _, release = block["contract"].partition("@")
    known = contracts.load(block["vendor"]).releases
    if vendor == block["vendor"] and release in known:
        return str(release)
    shown = ", ".join(f"{block['vendor']}@{one}" for one in known)
    path = (name, "contract")
    raise source.error(f"no contract {block['contract']!r}", path, fix=f"known: {shown}")


def _capabilities(
    source: yamltext.YamlFile, name: str, block: dict[str, Any]
) -> Mapping[str, bool]:
    known = contracts.load(block["vendor"]).calls
    for operation in block.get("capabilities", {}):
        if operation not in known:
            raise source.error(
                f"no operation {operation!r}",
                (name, "capabilities", operation),
                fix=f"{did_you_mean(operation, known)}receiptspec requirements lists them",
            )
    return MappingProxyType(block.get("capabilities", {}))


def _harness(
    source: yamltext.YamlFile, path: Path_, block: dict[str, Any] | None
) -> Harness | None:
    """Take a command, or the packaged harness, which is started with this Python."""
    if block is None:
        return None
    if "command" in block:
        return Harness(_command(source, (*path, "command"), block["command"]))
    faults, variants = tuple(block.get("faults", ())), tuple(block.get("variants", ()))
    command = [sys.executable, "-m", "receiptspec.reference.harness"]
    for option, chosen in (("--fault", faults), ("--variant", variants)):
        for name in chosen:
            command += [option, name]
    root = str(Path(__file__).resolve().parent.parent)
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    variables = {"PYTHONPATH": os.pathsep.join(paths)}
    return Harness(tuple(command), variables, faults, variants, packaged=True)


def _url(source: yamltext.YamlFile, name: str, block: dict[str, Any]) -> str:
    url: str = block.get("url", "")
    if "url" not in block:
        return ""
    path = (name, "url")
    try:
        parts = urlsplit(url)
    except ValueError:
        raise source.error(f"{_shown(url)} is no address", path, fix=_LIKE) from None
    if parts.scheme not in ("http", "https"):
        what = "another scheme" if "://" in url else "no scheme"
        raise source.error(f"{url!r} has {what}", path, fix="start it with http:// or https://")
    _must_be_address(source, path, url)
    if parts.query or parts.fragment or parts.username is not None:
        raise source.error(
            f"{parts.scheme}://{parts.hostname}… has more than scheme, host, port and path",
            path,
            fix="leave the rest out",
        )
    return url.rstrip("/")


def _auth(source: yamltext.YamlFile, name: str, auth: dict[str, Any]) -> Mapping[str, Any]:
    result: dict[str, Any] = {}
    for key, value in auth.items():
        found = wrong(key, value)
        if found is not None:
            what, fix = found
            raise source.error(what, (name, "auth", key), fix=fix)
        result[key] = Secret(value) if key in _SECRET_KEYS else value
    return MappingProxyType(result)


def wrong(key: str, value: Any) -> tuple[str, str] | None:
    """Return what is wrong with a credential, and what to do, where anything is."""
    if key in ("sdkappid", "appid") and not re.fullmatch("[0-9]{1,10}", str(value)):
        return f"{_shown(value)} is no number of an app", "digits only, ten at most"
    if key in _TOKENS and not re.fullmatch("[!-~]+", value):
        return "holds what no header can", "letters, digits and signs"
    if key == "identifier" and not value.isprintable():
        return "holds a control character", "leave it out"
    return None


def _hook(
    source: yamltext.YamlFile, name: str, block: dict[str, Any]
) -> str | tuple[str, ...] | Harness | None:
    """Take the address, command or harness that makes a user read."""
    value = block.get("hooks", {}).get("read")
    if value is None:
        return None
    path = (name, "hooks", "read")
    if isinstance(value, dict):
        if block["vendor"] != "tencent":
            why = f"no harness can read for vendor {block['vendor']}"
            raise source.error(why, (*path, "harness"), fix="name a URL or a command")
        return _harness(source, (*path, "harness"), value["harness"])
    if isinstance(value, str) and value.startswith(("http://", "https://")):
        _must_be_address(source, path, value)
        return str(value)
    return _command(source, path, value)


def _command(source: yamltext.YamlFile, path: Path_, value: str | list[str]) -> tuple[str, ...]:
    """Take a program and its arguments, as a list or as a shell would split them."""
    try:
        words = tuple(shlex.split(value) if isinstance(value, str) else value)
    except ValueError as error:
        why = str(error).lower()
        raise source.error(f"is no command: {why}", path, fix="close the quotation") from None
    if not words or not words[0].strip():
        raise source.error("names no program", path, fix="like python read.py")
    if any("\0" in word for word in words):
        raise source.error("holds a zero byte", path, fix="leave it out")
    return words


def _listener(source: yamltext.YamlFile, name: str, value: str | None) -> str | None:
    if value is None:
        return None
    path, fix = (name, "hooks", "webhook_listener"), "like http://127.0.0.1:9099"
    _must_be_address(source, path, value, fix)
    if not is_loopback(value):
        raise source.error(f"{value!r} is not on this machine", path, fix=fix)
    return value


def _must_be_address(
    source: yamltext.YamlFile, path: Path_, value: str, fix: str = _LIKE, *, secret: bool = False
) -> None:
    shown = "what stands here" if secret or "@" in value else _shown(value)
    try:
        host = addresses.host_of(value)
    except ValueError as error:
        raise source.error(f"{shown} is no address: {error}", path, fix=fix) from None
    if not host:
        raise source.error(f"{shown} names no host", path, fix=fix)


def _proxy(source: yamltext.YamlFile, name: str, value: str | None) -> str | None:
    if value is not None and value != "environment":
        _must_be_address(source, (name, "proxy"), value, "like http://127.0.0.1:3128", secret=True)
    return _address(value)


def _duration(source: yamltext.YamlFile, path: Path_, text: str, *, some: bool = False) -> float:
    found = seconds(text) if len(text) <= _SHOWN else _LONGEST + 1
    if found > _LONGEST:
        raise source.error(f"{_shown(text)} is too long", path, fix="at most 1440m, a day")
    if some and not found:
        raise source.error(f"{_shown(text)} is no time at all", path, fix="more than 0s")
    return found


def _file(source: yamltext.YamlFile, name: str, key: str, value: str | None) -> str | None:
    if value is None:
        return None
    if "\0" in value or not Path(value).is_file():
        what = f"{value} is a folder" if Path(value).is_dir() else f"no file {value}"
        raise source.error(what, (name, key), fix="a path from the working directory")
    return value


def _authority(source: yamltext.YamlFile, name: str, value: str | None) -> str | None:
    """Take a file of certificates."""
    file = _file(source, name, "ca", value)
    if file is None:
        return None
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(file)
    except OSError as error:
        why = error.strerror if not isinstance(error, ssl.SSLError) else "no certificate in it"
        fix = "a PEM file of the authority"
        raise source.error(f"{file} cannot be used: {why}", (name, "ca"), fix=fix) from None
    return file


def _address(value: str | None) -> str | None:
    """Return the address; one with a password in it is a secret."""
    return Secret(value) if value and "@" in value else value


def _secret(value: str | None) -> Secret | None:
    return Secret(value) if value else None


def _fixture(vendor: str, block: dict[str, Any] | None) -> Fixture | None:
    """Return the group; Tencent's accounts and groups are text, also without quotes."""
    if block is None:
        return None
    fields: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in block.items()}
    if vendor == "tencent":
        fields |= {"id": str(block["id"])}
        fields |= {"members": tuple(map(str, block["members"]))} if "members" in block else {}
    return Fixture(**fields)


def _deviations(
    source: yamltext.YamlFile, name: str, blocks: list[dict[str, Any]]
) -> tuple[Deviation, ...]:
    result = []
    for index, block in enumerate(blocks):
        try:
            expires = date.fromisoformat(block["expires"])
        except ValueError:
            path = (name, "deviations", index, "expires")
            raise source.error(f"{block['expires']!r} is no day", path, fix="YYYY-MM-DD") from None
        line = source.line((name, "deviations", index)) or 0
        result.append(Deviation(**{**block, "expires": expires, "line": line}))
    return tuple(result)
