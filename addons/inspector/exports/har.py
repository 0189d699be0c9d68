"""An exchange as a HAR 1.2 archive: the client's leg, and every attempt at a provider.

http://www.softwareishard.com/blog/har-12-spec/; fields that begin with `_` are ours.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from addons.exchange.redaction import HIDDEN
from addons.inspector.exports import streams
from addons.inspector.exports.outgoing import HERE, VARIABLES
from addons.inspector.reading import Detail, Leg
from addons.metrics.version import version

Phase = Mapping[str, Any]


def har(details: Sequence[Detail]) -> str:
    """Return the archive of exchanges."""
    entries = [entry for detail in details for entry in _entries(detail)]
    creator = {"name": "mitmproxy-openai-gateway", "version": version()}
    log = {"version": "1.2", "creator": creator, "pages": [], "entries": entries}
    return json.dumps({"log": log}, ensure_ascii=False, indent=1)


def _entries(detail: Detail) -> Iterator[dict[str, Any]]:
    phases = detail.get("phases") or {}
    request, response = phases.get("client_request"), phases.get("client_response")
    if request:
        answer = streams.client(detail) if response and response.get("body") is None else None
        entry = _entry(detail, "client", 0.0, detail.get("duration"), request, response, answer)
        facts = {"_exchange": detail.get("id"), "_leg": "client", "_end": detail.get("end")}
        yield {**entry, **facts, "_injected": detail.get("injected") or []}
    for attempt in detail.get("attempts") or ():
        yield _attempt(detail, attempt)


def _attempt(detail: Detail, attempt: Mapping[str, Any]) -> dict[str, Any]:
    response = attempt.get("response")
    answer = None
    if response and response.get("body") is None:
        answer = streams.provider(detail, attempt.get("call") or 0, attempt.get("n"))
    started = attempt.get("at") or 0.0
    entry = _entry(detail, "provider", started, attempt.get("duration"), attempt.get("request") or {}, response, answer)
    facts = {"_" + name: attempt.get(name) for name in ("provider", "model", "dialect", "n", "call", "reason", "kind")}
    return {**entry, "_exchange": detail.get("id"), "_leg": "provider", **facts}


def _entry(
    detail: Detail, leg: Leg, at: float, duration: Any, request: Phase, response: Phase | None, answer: str | None
) -> dict[str, Any]:
    whole = max(0.0, float(duration or 0.0))
    came = max(0.0, float(response["at"]) - at) if response else whole
    waited = min(came, whole)
    return {
        "startedDateTime": _time(detail, at),
        "time": whole,
        "request": _request(request, leg),
        "response": _response(response or {}, leg, answer),
        "cache": {},
        "timings": {"send": 0, "wait": waited, "receive": whole - waited},
    }


def _time(detail: Detail, at: float) -> str:
    started = datetime.fromisoformat(str(detail.get("started") or "1970-01-01T00:00:00Z"))
    return (started + timedelta(milliseconds=at)).isoformat(timespec="milliseconds")


def _request(phase: Phase, leg: Leg) -> dict[str, Any]:
    method, _, target = str(phase.get("line") or "POST /").partition(" ")
    headers = _headers(phase, leg)
    if target.startswith("/"):
        host = next((each["value"] for each in headers if each["name"].lower() == "host"), HERE)
        target = f"http://{host}{target}"
    target = target.replace(HIDDEN, f"${VARIABLES[leg]}")
    query = [
        {"name": name, "value": value} for name, value in parse_qsl(urlsplit(target).query, keep_blank_values=True)
    ]
    return {
        "method": method,
        "url": target,
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": headers,
        "queryString": query,
        "postData": {"mimeType": _type(headers), "params": [], "text": phase.get("body") or ""},
        "headersSize": -1,
        "bodySize": int(phase.get("bytes") or 0),
    }


def _response(phase: Phase, leg: Leg, answer: str | None) -> dict[str, Any]:
    """Return the answer; one that never came has the status 0."""
    headers = _headers(phase, leg)
    text = phase.get("body") if phase.get("body") is not None else answer
    status = str(phase.get("line") or "0").split(" ")[0]
    size = len((text or "").encode("utf-8", "replace"))
    return {
        "status": int(status) if status.isdecimal() and len(status) < 4 else 0,
        "statusText": "",
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": headers,
        "content": {"size": size, "mimeType": _type(headers), "text": text or ""},
        "redirectURL": "",
        "headersSize": -1,
        "bodySize": int(phase.get("bytes") or size),
    }


def _headers(phase: Phase, leg: Leg) -> list[dict[str, str]]:
    """Return the headers, with the variable where the key was."""
    variable = f"${VARIABLES[leg]}"
    shown = []
    for name, value in phase.get("headers") or ():
        text = str(value)
        if text == HIDDEN:
            text = f"Bearer {variable}" if str(name).lower() == "authorization" else variable
        shown.append({"name": str(name), "value": text.replace(HIDDEN, variable)})
    return shown


def _type(headers: Sequence[Mapping[str, str]]) -> str:
    return next((each["value"] for each in headers if each["name"].lower() == "content-type"), "application/json")
