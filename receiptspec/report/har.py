"""HAR 1.2 of the exchanges in a report, for browsers' network panels and other readers."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import harfile

from receiptspec.report import exchanges

__all__ = ["render"]


def render(report: Mapping[str, Any]) -> str:
    """Return the exchanges that findings rest on, each once, in the order they were sent."""
    text = io.StringIO()
    creator = harfile.Creator(name="receiptspec", version=report["tool"]["version"])
    run = report["run"]
    with harfile.open(text, creator=creator, comment=f"run {run['id']}, seed {run['seed']}") as har:
        for exchange, comment in _exchanges(report["results"]):
            _add(har, exchange, comment)
    return text.getvalue() + "\n"


def _exchanges(rows: Iterable[Mapping[str, Any]]) -> list[tuple[Mapping[str, Any], str]]:
    found: dict[tuple[Any, ...], Mapping[str, Any]] = {}
    why: dict[tuple[Any, ...], list[str]] = {}
    for row in rows:
        for exchange in filter(exchanges.is_http, row["exchanges"]):
            request = exchange["request"]
            key = (row["target"], exchange["started"], request["url"], request["body"])
            found.setdefault(key, exchange)
            why.setdefault(key, []).append(row["requirement"])
    ordered = sorted(found, key=lambda key: (float(key[1]), str(key[0])))
    return [
        (
            found[key],
            f"{key[0]}: {', '.join(dict.fromkeys(why[key]))}"
            + (f" ({found[key]['label']})" if found[key]["label"] else ""),
        )
        for key in ordered
    ]


def _add(har: harfile.HarFile, exchange: Mapping[str, Any], comment: str) -> None:
    request, response = exchange["request"], exchange["response"]
    elapsed = response["elapsed_ms"] if response else 0.0
    har.add_entry(
        startedDateTime=datetime.fromtimestamp(exchange["started"], UTC),
        time=elapsed,
        request=harfile.Request(
            method=request["method"],
            url=quote(request["url"], safe="%/:=&?~#+!$,;'@()*[]", errors="backslashreplace"),
            httpVersion="HTTP/1.1",
            headers=_records(request["headers"]),
            queryString=_query(request["url"]),
            postData=harfile.PostData(mimeType=_mime(request["headers"]), text=request["body"])
            if request["body"]
            else None,
            bodySize=len(request["body"].encode("utf-8", "surrogatepass")),
        ),
        response=_response(exchange),
        timings=harfile.Timings(send=0, wait=elapsed, receive=0),
        comment=comment,
    )


def _response(exchange: Mapping[str, Any]) -> harfile.Response:
    response = exchange["response"]
    if response is None:
        return harfile.Response(
            status=0,
            statusText="",
            httpVersion="",
            content=harfile.Content(size=0, mimeType="x-unknown"),
            comment=exchange["trouble"] or "no answer",
        )
    return harfile.Response(
        status=response["status"],
        statusText="",
        httpVersion="HTTP/1.1",
        headers=_records(response["headers"]),
        content=harfile.Content(
            size=response["bytes"], mimeType=_mime(response["headers"]), text=response["body"]
        ),
        bodySize=response["bytes"],
        comment=exchange["trouble"],
    )


def _records(headers: Iterable[Iterable[str]]) -> list[harfile.Record]:
    return [harfile.Record(name=name, value=value) for name, value in headers]


def _query(url: str) -> list[harfile.Record]:
    try:
        query = urlsplit(url).query
    except ValueError:
        return []
    pairs = parse_qsl(query, keep_blank_values=True, errors="backslashreplace")
    return [harfile.Record(name=name, value=value) for name, value in pairs]


def _mime(headers: Iterable[Iterable[str]]) -> str:
    pairs = {name.lower(): value for name, value in headers}
    return pairs.get("content-type", "application/octet-stream")
