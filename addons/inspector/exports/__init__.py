"""Exports of a recorded exchange: commands, programs, archives, a page, a fixture. None holds a key: each has
`$GATEWAY_KEY` or `$PROVIDER_KEY` in its place."""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, get_args

from addons.inspector.exports import fixture, har, html_page, python_code, shell
from addons.inspector.exports.exported import Exported, Unexportable, base_name
from addons.inspector.exports.outgoing import outgoing
from addons.inspector.reading import LEGS, Detail, Leg

__all__ = ["FORMATS", "SDKS", "Exported", "Format", "Unexportable", "export", "export_all"]

Format = Literal["curl", "httpie", "python", "har", "html", "fixture"]
FORMATS: tuple[Format, ...] = get_args(Format)
SDKS = tuple(sorted(set(python_code.SDKS.values())))
_TEXT = "text/plain"
_SELECTIONS: Mapping[str, tuple[Callable[[Sequence[Detail]], str], str]] = {
    "har": (har.har, "application/json"),
    "html": (html_page.html, "text/html"),
}
"""The formats that hold any number of exchanges, with their makers and content types."""


def export(detail: Detail, form: Format, leg: Leg = "client", sdk: str | None = None) -> Exported:
    """Return an exchange in a format. `detail` has all its events (`analysis.whole`). `leg` and `sdk` are of those
    formats that hold one request. Raises `Unexportable`."""
    if form not in FORMATS:
        raise Unexportable(f"There is no such format; there are {', '.join(FORMATS)}.")
    if leg not in LEGS:
        raise Unexportable(f"There is no such leg; there are {' and '.join(LEGS)}.")
    name = base_name(detail)
    if form in _SELECTIONS:
        return export_all([detail], form)
    if form == "fixture":
        return Exported(fixture.archive(fixture.files(detail)), "application/zip", f"{name}.zip")
    if form == "python":
        return Exported.of_text(python_code.python(detail, leg, sdk), "text/x-python", f"{name}-{leg}.py")
    written = shell.curl(outgoing(detail, leg)) if form == "curl" else shell.httpie(outgoing(detail, leg))
    return Exported.of_text(written, _TEXT, f"{name}-{leg}.{form}.sh")


def export_all(details: Sequence[Detail], form: Format) -> Exported:
    """Return a selection of exchanges in one file. Raises `Unexportable` for a format that holds one only."""
    if form not in _SELECTIONS:
        raise Unexportable(f"Only {' and '.join(_SELECTIONS)} hold more than one exchange.")
    if not details:
        raise Unexportable("No exchange was selected.")
    write, content_type = _SELECTIONS[form]
    name = base_name(details[0]) if len(details) == 1 else "exchanges"
    return Exported.of_text(write(details), content_type, f"{name}.{form}")
