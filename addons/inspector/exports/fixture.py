"""A provider's answer as a fixture: the files that `scripts/record` writes, out of a recorded exchange."""

import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any

from addons.exchange.redaction import HIDDEN
from addons.inspector import reading
from addons.inspector.exports import streams
from addons.inspector.exports.exported import Unexportable, base_name
from addons.inspector.reading import Detail

META = ".meta.json"
WHOLE = ".json"
KEPT_HEADERS = ("content-type", "retry-after", "retry-after-ms", "x-amzn-errortype")
KEPT_PREFIXES = ("anthropic-ratelimit-", "x-ratelimit-")
_NO_DATE = (1980, 1, 1, 0, 0, 0)


def is_kept(name: str) -> bool:
    """Return whether a header of an answer belongs into a fixture: it says something of the answer, and of nobody."""
    return name in KEPT_HEADERS or name.startswith(KEPT_PREFIXES)


def meta_text(meta: Mapping[str, Any]) -> str:
    """Return what is known of a recording as its file has it, a field a line."""
    lines = [f"  {json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}" for name, value in meta.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def files(detail: Detail) -> dict[str, bytes]:
    """Return `NAME.sse` (or `.ndjson`, `.eventstream`, `.json`) and `NAME.meta.json` by their names: the answer of the
    attempt that answered. Raises `Unexportable`."""
    request, response = (reading.phase(detail, "provider", which) for which in ("request", "response"))
    if not response:
        raise Unexportable("No provider answered in this exchange.")
    if response.get("cut") or detail.get("events_left_out"):
        raise Unexportable("The answer was not kept whole: a larger inspector.exchange-memory keeps it.")
    at = float(request.get("at") or 0)
    pieces, suffix = _answer(detail, response)
    if not pieces:
        raise Unexportable("The answer was not kept: see inspector.bodies in the configuration.")
    status = str(response.get("line") or "200").split(" ")[0]
    meta = {
        "dialect": detail.get("provider_dialect"),
        "model": detail.get("provider_model"),
        "recorded": str(detail.get("started") or "")[:10],
        "status": int(status) if status.isdecimal() else 200,
        "headers": _headers(response),
        "broke": None if detail.get("end") == "complete" else detail.get("cause"),
        "asked": reading.body(detail, "client"),
        "sent": reading.body(detail, "provider"),
        "pieces": [[max(0, round(came - at)), len(data)] for came, data in pieces],
    }
    name = ("" if detail.get("end") == "complete" else "failing_") + base_name(detail)
    return {
        name + suffix: b"".join(data for _, data in pieces),
        name + META: meta_text(meta).encode("utf-8", "replace"),
    }


def _answer(detail: Detail, response: Mapping[str, Any]) -> tuple[list[tuple[float, bytes]], str]:
    """Return the pieces of an answer with their times, and the suffix of its file."""
    if response.get("body") is not None:
        return [(float(response.get("at") or 0), str(response["body"]).encode("utf-8", "replace"))], WHOLE
    form = streams.framing(detail)
    last = [pair for pair in detail.get("events") or () if pair.get("provider") and not pair.get("call")]
    attempt = last[-1].get("attempt") if last else None
    return list(streams.pieces(detail, 0, attempt, form)), f".{form}"


def _headers(response: Mapping[str, Any]) -> dict[str, str]:
    headers = {str(name).lower(): str(value) for name, value in response.get("headers") or ()}
    return {name: value for name, value in headers.items() if is_kept(name) and HIDDEN not in value}


def archive(named: Mapping[str, bytes]) -> bytes:
    """Return the files as a ZIP archive, the same bytes for the same files."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in named.items():
            packed.writestr(zipfile.ZipInfo(name, _NO_DATE), content, zipfile.ZIP_DEFLATED)
    return data.getvalue()
