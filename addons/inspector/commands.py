"""mitmproxy's commands for an exchange: `gateway.curl`, `gateway.fixture`, `gateway.html`, `gateway.diff` and
`gateway.replay`. What they return is shown by mitmproxy's console; nothing of it is logged."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mitmproxy.exceptions import CommandError
from mitmproxy.flow import Flow
from mitmproxy.http import HTTPFlow
from mitmproxy.types import Path as NamedPath

from addons.inspector.recorder import recording_of

if TYPE_CHECKING:
    from addons.inspector.recording import Exchange
    from addons.inspector.redactor import Redactor


class Commands:
    """They need what was recorded with a flow alone, also in a flow file that was read. `replayed` puts an exchange
    through today's code, `redactor` sees what is shown."""

    def __init__(self, replayed: "Callable[[Exchange], dict[str, Any]]", redactor: "Callable[[], Redactor]") -> None:
        self._replayed, self._redactor = replayed, redactor

    def all(self) -> dict[str, Callable[..., str]]:
        """Return the commands by their names."""
        return {
            "gateway.curl": self.curl,
            "gateway.diff": self.diff,
            "gateway.fixture": self.fixture,
            "gateway.html": self.html,
            "gateway.replay": self.replay,
        }

    def curl(self, flow: Flow, leg: str) -> str:
        """Show the curl command of a leg, `client` or `provider`, with a variable in the place of the key."""
        from addons.inspector import analysis, exports
        from addons.inspector.reading import LEGS

        for each in LEGS:
            if each == leg:
                try:
                    return self._made(exports.export(analysis.whole(_exchange(flow)), "curl", each).text)
                except exports.Unexportable as why:
                    raise CommandError(str(why)) from None
        raise CommandError(f"The leg is {' or '.join(LEGS)}.")

    def diff(self, flow: Flow, leg: str = "request") -> str:
        """Show what became of a leg, `request` or `answer`, field by field, with the reasons of losses."""
        from addons.inspector import diff, provenance
        from addons.inspector.reading import DIRECTIONS

        for each in DIRECTIONS:
            if each == leg:
                exchange = _exchange(flow)
                lines = diff.lines(diff.of_exchange(exchange, each, provenance.traced(exchange)))
                return self._made("\n".join(lines)) or "Nothing differs."
        raise CommandError(f"The leg is {' or '.join(DIRECTIONS)}.")

    def fixture(self, flow: Flow, folder: NamedPath) -> str:
        """Save the provider's answer as a fixture for tests, in a folder, which is made if need be."""
        from addons.inspector import analysis
        from addons.inspector.exports import Unexportable, fixture

        try:
            files = fixture.files(analysis.whole(_exchange(flow)))
            place = Path(folder).expanduser()
            place.mkdir(parents=True, exist_ok=True)
            for name, data in files.items():
                (place / name).write_bytes(data)
        except (Unexportable, OSError) as why:
            raise CommandError(str(why)) from None
        return f"Saved {', '.join(files)}."

    def html(self, flows: Sequence[Flow], file: NamedPath) -> str:
        """Save exchanges as one HTML file that opens anywhere."""
        from addons.inspector import analysis, exports

        try:
            made = exports.export_all([analysis.whole(_exchange(flow)) for flow in flows], "html")
            Path(file).expanduser().write_bytes(self._redactor().made(made.content))
        except (exports.Unexportable, OSError) as why:
            raise CommandError(str(why)) from None
        return f"Saved {len(flows)} in {file}."

    def replay(self, flow: Flow) -> str:
        """Show what differs if the recorded request and answer go through today's code; nobody is called."""
        try:
            found = self._replayed(_exchange(flow))["differences"]
        except CommandError:
            raise
        except Exception as why:  # noqa: BLE001 - it says why there is nothing to replay
            raise CommandError(str(why)) from None
        lines = (f"{each['phase']} {_where(each)}: {_text(each['then'])} -> {_text(each['now'])}" for each in found)
        return self._made("\n".join(lines)) or "Nothing differs."

    def _made(self, text: str) -> str:
        shown: str = self._redactor().made(text)
        return shown


def _exchange(flow: Flow) -> "Exchange":
    try:
        found = recording_of(flow) if isinstance(flow, HTTPFlow) else None
    except ValueError as error:
        raise CommandError(f"This flow cannot be read: {error}.") from None
    if found is None:
        raise CommandError("The gateway recorded nothing with this flow: it is not one of its exchanges.")
    return found


def _where(difference: dict[str, Any]) -> str:
    event = difference.get("event")
    return str(difference.get("path") or "") if event is None else f"event {event}"


def _text(value: Any) -> str:
    return "nothing" if value is None else json.dumps(value, ensure_ascii=False)[:200]
