"""An exchange, or a selection of them, as one HTML file that opens anywhere: no script, nothing from elsewhere."""

import base64
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from typing import Any

from addons.inspector import reading
from addons.inspector.answer_blocks import answer_blocks
from addons.inspector.exports import streams
from addons.inspector.lints import lint
from addons.inspector.reading import LEGS, Detail, Leg, Opened

MOST_EVENTS = 5000
"""Events of one exchange; a browser is slow with tables that are longer."""
STYLE = """
:root { color-scheme: light dark; --line: #d0d7de; --soft: #f6f8fa; --dim: #59636e; --bad: #b42318; --good: #1a7f37;
  --text: #1f2328; --page: #fff }
@media (prefers-color-scheme: dark) { :root { --line: #3d444d; --soft: #151b23; --dim: #9198a1; --bad: #ff7b72;
  --good: #3fb950; --text: #f0f6fc; --page: #0d1117 } }
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 1600px; padding: 24px; font: 14px/1.5 system-ui, sans-serif; color: var(--text);
  background: var(--page) }
h1 { font-size: 20px; margin: 0 0 4px } h2 { font-size: 16px; margin: 32px 0 8px } h3 { font-size: 14px; margin: 0 }
p, .dim { color: var(--dim) } p { margin: 4px 0 }
article + article { border-top: 2px solid var(--line); margin-top: 48px; padding-top: 24px }
.panes { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 480px), 1fr)); gap: 16px }
section.pane { border: 1px solid var(--line); border-radius: 6px; min-width: 0; overflow: hidden }
section.pane > header { padding: 8px 12px; background: var(--soft); border-bottom: 1px solid var(--line) }
pre { margin: 0; padding: 12px; overflow: auto; max-height: 70vh; font: 12px/1.5 ui-monospace, monospace;
  white-space: pre-wrap; overflow-wrap: anywhere; unicode-bidi: isolate }
table { border-collapse: collapse; width: 100%; table-layout: fixed }
th, td { text-align: left; vertical-align: top; padding: 4px 8px; border-bottom: 1px solid var(--line);
  overflow-wrap: anywhere; unicode-bidi: isolate }
th { color: var(--dim); font-weight: 600 }
td pre { padding: 0; max-height: 240px }
.notes th:last-child { width: 40% }
.facts th { width: 160px } .n { width: 64px } .ms { width: 96px; font-variant-numeric: tabular-nums }
summary { cursor: pointer; padding: 8px 12px; color: var(--dim) }
.bad { color: var(--bad) } .good { color: var(--good) }
"""
_EMOJI = r"\u2190-\u2bff\U0001f000-\U0001faff"
_UNSEEN = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200c\u200e\u200f"
    r"\u2028-\u202e\u2060-\u206f\u3164\ud800-\udfff\ufe00-\ufe0d\ufeff\uffa0\ufff0-\ufffb"
    r"\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
    rf"|\r(?!\n)|(?<![\ufe0f{_EMOJI}])\u200d|\u200d(?![{_EMOJI}])"
)
"""What nobody sees, or what turns the text around it: as in ui/src/unseen.ts."""
_PIECE = 65536
_POLICY = "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'"
_FACTS = (
    *("client", "model", "provider", "provider_model", "served_model", "status", "end", "ended_by", "finish_reason"),
    *("error", "tokens", "duration", "first_event", "own", "injected"),
)

_TIMES = ("duration", "first_event", "own")


def html(details: Sequence[Detail]) -> str:
    """Return the page of exchanges."""
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    title = f"Exchange {details[0].get('id')}" if len(details) == 1 else f"{len(details)} exchanges"
    policy = _POLICY.format(hash=digest)
    head = (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta name="referrer" content="no-referrer">\n<title>{_text(title)}</title>\n<style>{STYLE}</style>\n'
        "</head>\n<body>\n"
    )
    return head + "\n".join(part for detail in details for part in _article(Opened(detail))) + "\n</body>\n</html>\n"


def _article(detail: Detail) -> Iterator[str]:
    yield f"<article>\n<h1>{_text(detail.get('model'))} &rarr; {_text(detail.get('provider_model'))}</h1>"
    yield f"<p>{_text(detail.get('id'))}, {_text(detail.get('started'))}. Keys are taken out; prompts are not.</p>"
    yield from _facts(detail)
    yield '<h2>Request</h2>\n<div class="panes">'
    for leg in LEGS:
        yield from _pane(detail, leg, "request")
    yield '</div>\n<h2>Answer</h2>\n<div class="panes">'
    for leg in reversed(LEGS):
        yield from _pane(detail, leg, "response")
    yield "</div>"
    yield from _notes(detail)
    yield from _attempts(detail)
    yield from _rules(detail)
    yield from _events(detail)
    yield "</article>"


def _facts(detail: Detail) -> Iterator[str]:
    shown = [(name, detail.get(name)) for name in _FACTS if detail.get(name) not in (None, [], "")]
    rows = ((name.replace("_", " ") + (" (ms)" if name in _TIMES else ""), _fact(value)) for name, value in shown)
    yield _table("facts", (), rows)


def _fact(value: Any) -> Any:
    """Return a fact as people read it: `34.3`, `input 11, output 7`, `cut-after=2`."""
    match value:
        case float():
            return f"{value:.1f}"
        case dict():
            return ", ".join(
                f"{str(name).replace('_', ' ')} {count}" for name, count in value.items() if count is not None
            )
        case list():
            return ", ".join(map(str, value))
    return value


def _pane(detail: Detail, leg: Leg, which: Any) -> Iterator[str]:
    phase = reading.phase(detail, leg, which)
    what = "request" if which == "request" else "answer"
    yield f'<section class="pane"><header><h3>{"Client" if leg == "client" else "Provider"}: {what}</h3>'
    if not phase:
        yield "<p>There was none.</p></header></section>"
        return
    size = "" if phase.get("body") is None else f" &middot; {_text(phase.get('bytes'))} bytes"
    cut = ", cut" if phase.get("cut") else ""
    yield f'<div class="dim">{_text(phase.get("line"))}{size}{cut}</div></header>'
    headers = "\n".join(f"{name}: {value}" for name, value in phase.get("headers") or ())
    yield f"<details><summary>Headers</summary><pre>{_text(headers)}</pre></details>"
    yield f"<pre>{_text(_body(detail, leg, phase))}</pre></section>"


def _body(detail: Detail, leg: Leg, phase: Mapping[str, Any]) -> str:
    """Return a body as it can be read: JSON indented, of a stream what its blocks have become."""
    text = phase.get("body")
    if text is not None:
        value = reading.parsed(text)
        return str(text) if value is None else json.dumps(value, ensure_ascii=False, indent=2)
    blocks = answer_blocks(detail, leg)
    filled = [block for block in blocks if block.kind != "text" or block.text]
    shown = [f"[{block.kind}{f' {block.name}' if block.name else ''}]\n{block.text}" for block in filled]
    return "\n\n".join(shown) if shown else streams.client(detail) if leg == "client" else "(not kept)"


def _notes(detail: Detail) -> Iterator[str]:
    notes = detail.get("notes") or ()
    yield f"<h2>{len(notes)} notes on what could not be carried as it was</h2>"
    rows = ((note["path"], note["fate"], note.get("old"), note.get("new"), note.get("detail")) for note in notes)
    yield _table("notes", ("field", "fate", "was", "is", "why"), rows) if notes else "<p>Nothing was lost.</p>"


def _attempts(detail: Detail) -> Iterator[str]:
    attempts = detail.get("attempts") or ()
    fields = ("n", "provider", "model", "credential", "status", "reason", "at", "duration")
    heads = (*fields[:-2], "at (ms)", "duration (ms)")
    if attempts:
        yield "<h2>Attempts</h2>"
        yield _table("attempts", heads, ([_fact(attempt.get(name)) for name in fields] for attempt in attempts))


def _rules(detail: Detail) -> Iterator[str]:
    broken = [line for line in lint(detail) if not line["ok"]]
    yield "<h2>Conformance</h2>"
    rows = (
        (line["leg"], line["rule"], line["detail"], line["event"] if line["path"] is None else line["path"])
        for line in broken
    )
    yield (
        _table("rules", ("leg", "rule", "finding", "where"), rows)
        if broken
        else '<p class="good">No rule is broken.</p>'
    )


def _events(detail: Detail) -> Iterator[str]:
    events = detail.get("events") or ()
    if not events:
        return
    yield f"<h2>{len(events)} events</h2>\n<table><thead><tr>"
    yield '<th class="n">n</th><th class="ms">ms</th><th>provider</th><th>client</th></tr></thead><tbody>'
    for pair in events[:MOST_EVENTS]:
        injected = ' <span class="bad">injected</span>' if pair.get("injected") else ""
        provider = (f"{pair['name']}\n" if pair.get("name") else "") + str(pair.get("provider") or "")
        yield (
            f'<tr id="{_text(detail.get("id"))}-{pair["n"]}"><td class="n">{pair["n"]}{injected}</td>'
            f'<td class="ms">{float(pair.get("at") or 0):.1f}</td><td><pre>{_text(provider)}</pre></td>'
            f"<td>{_client(pair)}</td></tr>"
        )
    yield "</tbody></table>"
    left_out = len(events) - MOST_EVENTS + int(detail.get("events_left_out") or 0)
    if left_out > 0:
        yield f"<p>{left_out} more events are not shown.</p>"


def _client(pair: Mapping[str, Any]) -> str:
    text = str(pair.get("client") or "").strip()
    return f"<pre>{_text(text)}</pre>" if text else '<span class="dim">became nothing at once</span>'


def _table(kind: str, heads: Sequence[str], rows: Iterable[Iterable[Any]]) -> str:
    head = "".join(f"<th>{_text(name)}</th>" for name in heads)
    lines = []
    for row in rows:
        cells = [_text(value if isinstance(value, str) else _json(value)) for value in row]
        first = f"<th>{cells[0]}</th>" if not heads else f"<td>{cells[0]}</td>"
        lines.append(f"<tr>{first}{''.join(f'<td>{cell}</td>' for cell in cells[1:])}</tr>")
    top = f"<thead><tr>{head}</tr></thead>" if heads else ""
    return f'<table class="{kind}">{top}<tbody>{"".join(lines)}</tbody></table>'


def _json(value: Any) -> str:
    return "" if value is None else json.dumps(value, ensure_ascii=False)


def _text(value: Any) -> str:
    """Return a text so that a browser takes it for nothing else, with escapes in place of what is not seen."""
    text = "" if value is None else str(value)
    return "".join([escape(_UNSEEN.sub(_escaped, piece), quote=True) for piece in _pieces(text)])


def _pieces(text: str) -> Iterator[str]:
    """Yield a text in pieces, between which other threads have their turns; what belongs together stays so."""
    begin = 0
    while begin < len(text):
        end = begin + _PIECE
        while end < len(text) and (text[end - 1] in "\r\u200d" or text[end] == "\u200d"):
            end += 1
        yield text[begin:end]
        begin = end


def _escaped(unseen: re.Match[str]) -> str:
    code = ord(unseen[0])
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\u{{{code:x}}}"
