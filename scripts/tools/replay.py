"""scripts/replay: a recorded exchange through today's code, calling nobody; what differs from then."""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from addons.page.differing import differing
from scripts.tools.arguments import command_line
from scripts.tools.files import Unusable, read
from scripts.tools.page_client import PageClient, add_options
from scripts.tools.recording import Recording, meta_path
from scripts.tools.show import safe
from translators import convert
from translators.convert import NoWay
from translators.errors import TranslationError

USAGE = "scripts/replay [--json] [--page URL] [--config FILE] ID | FILE"
DESCRIPTION = """\
ID is an exchange in the inspector of a running gateway: its recorded request and answer go through what that gateway
would do today. FILE is a recording, as scripts/record and the inspector save them: its request and answer go through
this version's translators, without configuration. Nobody is called."""
EPILOG = "Exit status: 0 nothing differs; 1 something does; 2 there is nothing to replay."


def main(arguments: Sequence[str]) -> int:
    options = _parser().parse_args(arguments)
    try:
        if Path(options.what).is_file():
            differences, skipped = list(of_file(options.what)), []
        else:
            with PageClient.of(options) as page:
                replayed = page.replay(options.what)
            differences, skipped = replayed["differences"], replayed["skipped"]
    except Unusable as error:
        print(f"scripts/replay: {error}", file=sys.stderr)
        return 2
    if options.json:
        print(json.dumps({"differences": differences, "skipped": skipped}, ensure_ascii=False, indent=2))
    else:
        _tell(differences, skipped)
    return 1 if differences else 0


def _parser() -> argparse.ArgumentParser:
    parser = command_line("replay", DESCRIPTION, EPILOG, USAGE)
    parser.add_argument("what", metavar="ID | FILE", help="an exchange (`last` is the newest), or a recording")
    parser.add_argument("--json", action="store_true", help="the differences as JSON")
    add_options(parser)
    return parser


def of_file(name: str) -> Iterator[dict[str, Any]]:
    """Yield what differs today from a recording. Raises `Unusable`."""
    if name.endswith(".zip"):
        raise Unusable(f"{name} is packed: unpack it (unzip {name}), and name the answer that was in it.")
    recording = Recording.load(name)
    asked, beside = recording.client_request, meta_path(Path(name))
    if not isinstance(asked, dict) or recording.dialect is None:
        raise Unusable(f"{name} is no recording with the request that led to it.")
    meta = json.loads(read(str(beside)))
    try:
        made = convert.request(asked, client=_client(asked), provider=recording.dialect, model=recording.model)
    except NoWay as error:
        raise Unusable(str(error)) from error
    except TranslationError as error:
        yield {"phase": "client_response", "path": None, "then": "was sent", "now": error.failure.message}
        return
    if isinstance(meta.get("sent"), dict):
        for path, then, now in differing(meta["sent"], made.body):
            yield {"phase": "provider_request", "path": path, "then": then, "now": now}
    answered = convert.answer(recording.data, request=made, status=recording.status, headers=recording.headers)
    broke = meta.get("broke") or recording.status >= 400
    if bool(broke) is not (answered.failure is not None):
        now = "complete" if answered.failure is None else answered.failure.message
        then = meta.get("broke") or ("complete" if recording.status < 400 else f"status {recording.status}")
        yield {"phase": "client_response", "path": None, "then": then, "now": now}


def _client(asked: dict[str, Any]) -> str:
    return next(
        (name for field, name in (("messages", "chat"), ("input", "responses")) if field in asked), "completions"
    )


def _tell(differences: list[dict[str, Any]], skipped: list[str]) -> None:
    console = Console(highlight=False)
    for why in skipped:
        console.print(Text(safe(f"not compared: {why}"), style="dim"))
    if not differences:
        console.print("Nothing differs.")
        return
    table = Table("message", "where", "then", "now")
    for each in differences:
        where = each.get("path") if each.get("event") is None else f"event {each['event']}"
        cells = (each["phase"], where or "all of it", _brief(each["then"]), _brief(each["now"]))
        table.add_row(*(Text(safe(cell)) for cell in cells))
    console.print(table)


def _brief(value: Any) -> str:
    return "nothing" if value is None else json.dumps(value, ensure_ascii=False)[:200]
