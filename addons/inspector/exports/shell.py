"""A request as a command for a shell: curl, HTTPie. Whatever is in it, a shell takes it for data."""

import base64
import re
from collections.abc import Callable, Iterator

from addons.exchange.redaction import HIDDEN
from addons.inspector.exports.outgoing import Outgoing

LONGEST_ARGUMENT = 100_000
"""Bytes of one argument of a command, which Linux bounds at 128 KiB; a longer body goes through a pipe."""
_UNFIT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
"""Characters that a terminal obeys or that hide what stands there. A body with one goes along in base64."""
_ITEM_SIGNS = "=@"
_UNWRITABLE = re.compile(r"\\[:=@;\\]|\\$")
"""Backslashes that HTTPie's items cannot express."""


def curl(request: Outgoing) -> str:
    """Return `curl URL -H 'name: value' --data-raw 'body'`, for sh, bash and zsh."""
    lines = [f"curl --globoff -X {request.method} {word(request.url, request.variable)}"]
    lines += [f"  -H {word(header, request.variable)}" for header in _headers(request, ": ")]
    return _command(request, lines, lambda body: f"  --data-raw {body}", "  --data-binary @-")


def httpie(request: Outgoing) -> str:
    """Return `http POST URL name:value --raw 'body'`, for HTTPie from 3.0 on."""
    stated = [name for name, _ in request.headers]
    headers = [each for each in _headers(request, ":") if not _UNWRITABLE.search(each)]
    if "accept" not in stated:
        headers.append("accept:*/*")
    lines = [f"http --stream {request.method} {word(request.url, request.variable)}"]
    lines += [f"  {word(_item(header), request.variable)}" for header in headers]
    return _command(request, lines, lambda body: f"  --ignore-stdin --raw {body}", None)


def _item(header: str) -> str:
    """Return a header as HTTPie reads it: a value after `:=` or `:@` would be JSON or the name of a file."""
    name, _, value = header.partition(":")
    if not value:
        return f"{name};"
    return f"{name}:\\{value}" if value[0] in _ITEM_SIGNS else header


def _headers(request: Outgoing, between: str) -> Iterator[str]:
    yield from (f"{name}{between}{value}" for name, value in request.headers)
    if request.key is not None:
        name, prefix = request.key
        yield f"{name}{between}{prefix}{HIDDEN}"


def _command(request: Outgoing, lines: list[str], direct: Callable[[str], str], piped: str | None) -> str:
    body = request.body
    first = "".join(f"# {remark}\n" for remark in request.remarks)
    if _UNFIT.search(body):
        encoded = base64.b64encode(body.encode("utf-8", "replace")).decode()
        return first + f"printf %s '{encoded}' | base64 -d | " + _joined([*lines, *([piped] if piped else [])])
    if len(body.encode("utf-8", "replace")) > LONGEST_ARGUMENT:
        return first + f"printf %s {word(body)} | " + _joined([*lines, *([piped] if piped else [])])
    return first + _joined([*lines, direct(word(body))])


def _joined(lines: list[str]) -> str:
    return " \\\n".join(lines) + "\n"


def word(text: str, variable: str | None = None) -> str:
    """Return a text as one word of a shell. Where a key was hidden in it, the `variable` is expanded."""
    if variable is None or HIDDEN not in text:
        return _quoted(text)
    return f'"${variable}"'.join(_quoted(piece) if piece else "" for piece in text.split(HIDDEN))


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
