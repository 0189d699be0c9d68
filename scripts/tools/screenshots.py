"""scripts/screenshots: the pictures of the inspector's page in README and docs, from the providers of docs/booking."""

import copy
import json
import os
import shutil
import struct
import sys
import tempfile
import time
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from scripts.measuring import running
from scripts.tools.arguments import command_line
from scripts.tools.files import Unusable
from scripts.tools.venv import ROOT
from translators.values import immutable

if TYPE_CHECKING:
    from playwright.sync_api import Page

USAGE = "scripts/screenshots [FOLDER]"
DESCRIPTION = """\
Starts a gateway before the recorded providers of docs/booking, sends it a morning's requests, and writes what the
inspector's page shows of them to FOLDER (docs/images) as PNG. It needs the tests' packages (`sh scripts/setup dev`) and
Debian's chromium."""
EPILOG = "Exit status: 0; 2 if something that it needs is missing."

START_SECONDS = 30.0
WIDTH = 1280
KEYS = {"booking-app": "booking-example-key", "nightly-report": "nightly-example-key", "editor": "editor-example-key"}
TOKEN = "screenshots-example-token"
CONFIG = """
api-keys:
  - {{key: booking-example-key, name: booking-app}}
  - {{key: nightly-example-key, name: nightly-report, faults: true}}
  - {{key: editor-example-key, name: editor}}
gemini-api-key:
  - api-key: any
    base-url: "{mock}"
    models: [{{name: gemini-2.5-flash}}, {{name: gemini-2.5-flash, alias: front-desk}}]
claude-api-key:
  - {{api-key: any, base-url: "{mock}", models: [{{name: claude-sonnet-4-6}}]}}
openai-compatibility:
  - {{name: spare, base-url: "{nobody}", priority: 9, models: [{{name: llama-3.3-70b, alias: front-desk}}]}}
inspector: {{port: {page}, key: {token}}}
disable-cooling: true
"""


@immutable
class Ask:
    """A request of docs/booking, changed: the `client`, its `text`, `fields` (None takes one out) and headers."""

    client: str
    text: str
    fields: dict[str, Any]
    id: str = ""
    fault: str = ""


STREAM, WHOLE = {"parallel_tool_calls": None, "user": None}, {"stream": None, "stream_options": None, "user": None}
CLAUDE, DESK = {"model": "claude-sonnet-4-6"}, {"model": "front-desk"}
STORY = "A table for four on Friday please, at seven or else at half past eight."
MORNING = (
    Ask("nightly-report", "How many tables are booked for Friday?", CLAUDE | STREAM),
    Ask("booking-app", "A table for two tonight, by the window if you can.", STREAM),
    Ask("booking-app", "Is there room for six on Sunday at noon?", CLAUDE | STREAM | {"seed": 7}),
    Ask("editor", "Make the booking desk sound friendlier.", STREAM | {"model": "gpt-4o"}),
    Ask("booking-app", "A table for three tomorrow at eight.", DESK | STREAM),
    Ask("nightly-report", "List the guests who asked for a window.", CLAUDE | STREAM, fault="529"),
    Ask("booking-app", "We will be five, not four.", CLAUDE | STREAM | {"max_completion_tokens": 200}),
    Ask("editor", "Shorten the greeting.", STREAM | {"frequency_penalty": 0.4}),
    Ask("nightly-report", "Which evenings are full?", CLAUDE | STREAM, fault="cut-after=3"),
    Ask("booking-app", "Two seats at the bar, around nine.", DESK | STREAM),
    Ask("booking-app", "Please move us to half past seven.", CLAUDE | STREAM | {"logit_bias": {"1734": -100}}),
    Ask("editor", "Say it in one sentence.", CLAUDE | STREAM),
    Ask("booking-app", STORY, {}, "two-tables"),
    Ask("booking-app", STORY, CLAUDE, "one-table"),
)


@immutable
class Picture:
    """A picture of the page at `hash`, once `ready` (a selector) is there."""

    name: str
    hash: str
    ready: str
    height: int = 800
    dark: bool = False


PICTURES = (
    Picture("list", "#/", ".list .line a.open", 560),
    Picture("panes", "#/x/two-tables/client_request/parallel_tool_calls", ".node.at"),
    Picture("timeline", "#/x/one-table/events", ".event-row"),
    Picture("compare", "#/compare/two-tables,one-table", ".column:nth-child(2) .answer", 520),
    Picture("dark", "#/x/one-table", ".node", dark=True),
)


def main(arguments: Sequence[str]) -> int:
    parser = command_line("screenshots", DESCRIPTION, EPILOG, USAGE)
    parser.add_argument("folder", nargs="?", type=Path, default=Path(ROOT) / "docs" / "images")
    folder: Path = parser.parse_args(arguments).folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as scratch, served(Path(scratch)) as address:
            _photograph(address, folder)
    except (Unusable, OSError) as error:
        print(f"scripts/screenshots: {error}", file=sys.stderr)
        return 2
    return 0


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Start a gateway, send it the morning's requests, and yield the address of its page."""
    mock, page = running.free_port(), running.free_port()
    command = [f"{ROOT}/scripts/mock", f"{ROOT}/docs/booking", "--port", str(mock)]
    nobody = f"http://127.0.0.1:{running.free_port()}"
    config = CONFIG.format(mock=f"http://127.0.0.1:{mock}", nobody=nobody, page=page, token=TOKEN)
    with (
        running.Running("mock", command, folder, port=mock),
        running.gateway(folder, mock, config) as gateway,
    ):
        gateway.listens()
        _wait_for(mock)
        _send(gateway.port)
        yield f"http://127.0.0.1:{page}"


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not running.answers(port, b"GET / HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n"):
        if time.monotonic() > deadline:
            raise Unusable("scripts/mock did not start.")
        time.sleep(0.02)


def _send(port: int) -> None:
    story = json.loads((Path(ROOT) / "docs" / "booking" / "request.json").read_text("utf-8"))
    url = f"http://127.0.0.1:{port}/v1/chat/completions"
    with httpx.Client(timeout=START_SECONDS, trust_env=False) as http:
        for ask in MORNING:
            body = copy.deepcopy(story) | ask.fields
            body["messages"][-1]["content"] = ask.text
            headers = {"authorization": f"Bearer {KEYS[ask.client]}"}
            headers |= {"x-request-id": ask.id} if ask.id else {}
            headers |= {"x-gateway-fault": ask.fault} if ask.fault else {}
            body = {name: value for name, value in body.items() if value is not None}
            http.post(url, json=body, headers=headers)


def _photograph(address: str, folder: Path) -> None:
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        raise Unusable("playwright is not installed; run `sh scripts/setup dev`.") from error
    chromium = shutil.which("chromium")
    if chromium is None:
        raise Unusable("chromium is not installed (Debian, Ubuntu: apt install chromium).")
    unprotected = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--hide-scrollbars", *unprotected])
        for picture in PICTURES:
            page = browser.new_page(
                viewport={"width": WIDTH, "height": picture.height},
                color_scheme="dark" if picture.dark else "light",
                reduced_motion="reduce",
            )
            path = folder / f"inspector-{picture.name}.png"
            path.write_bytes(smaller(_shot(page, address, picture)))
            print(f"{path} {path.stat().st_size // 1024} KiB")
            page.close()
        browser.close()


def _shot(page: "Page", address: str, picture: Picture) -> bytes:
    page.goto(f"{address}/?token={TOKEN}{picture.hash}")
    page.locator(picture.ready).first.wait_for()
    page.get_by_text("live", exact=True).wait_for()
    page.evaluate("() => document.activeElement?.blur?.()")
    page.wait_for_timeout(500)
    return page.screenshot()


def smaller(png: bytes) -> bytes:
    """Return the same picture, its pixels unfiltered and packed as well as zlib can. `png` is Chromium's: eight bits,
    RGB or RGBA, not interlaced."""
    chunks = list(_chunks(png))
    width, height, _, kind = struct.unpack(">IIBB", chunks[0][1][:10])
    data = zlib.decompress(b"".join(body for name, body in chunks if name == b"IDAT"))
    plain = _unfiltered(data, width * {2: 3, 6: 4}[kind], height, {2: 3, 6: 4}[kind])
    packed = min((zlib.compress(each, 9) for each in (data, plain)), key=len)
    kept = [(name, body) for name, body in chunks if name in (b"IHDR", b"PLTE", b"tRNS")]
    return png[:8] + b"".join(_chunk(name, body) for name, body in (*kept, (b"IDAT", packed), (b"IEND", b"")))


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 8
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        yield png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        at += length + 12


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def _unfiltered(data: bytes, width: int, height: int, pixel: int) -> bytes:
    """Return the lines with the filter 0, as PNG has them: each line is a byte for its filter and its pixels."""
    above, lines = bytearray(width), []
    for row in range(height):
        at = row * (width + 1)
        line = bytearray(data[at + 1 : at + 1 + width])
        _undo(data[at], line, above, pixel)
        lines.append(b"\0" + line)
        above = line
    return b"".join(lines)


def _undo(kind: int, line: bytearray, above: bytearray, pixel: int) -> None:
    for at in range(len(line) if kind else 0):
        left = line[at - pixel] if at >= pixel else 0
        up, corner = above[at], above[at - pixel] if at >= pixel else 0
        guess = (0, left, up, (left + up) // 2, _paeth(left, up, corner))[kind]
        line[at] = (line[at] + guess) & 0xFF


def _paeth(left: int, up: int, corner: int) -> int:
    guess = left + up - corner
    return min((left, up, corner), key=lambda each: abs(guess - each))
