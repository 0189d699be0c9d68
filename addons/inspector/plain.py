"""Values of anybody's as those who look at an exchange may have them: without keys, short, and of plain types."""

from typing import Any

from addons.exchange import redaction

LONGEST_TEXT = 500
_DEEPEST = 3
WIDEST = 32
_LONGEST_VALUE = 2000


def text(value: str, limit: int = LONGEST_TEXT) -> str:
    """Return `value` without keys and without what UTF-8 cannot carry, cut to `limit`."""
    value = redaction.text(value)
    if len(value) > limit:
        value = value[: limit - 3] + "..."
    return value if value.isascii() else value.encode("utf-8", "backslashreplace").decode()


def small(value: Any) -> Any:
    """Return `value` in types that a flow file and JSON know, cut."""
    plain = _plain(value)
    if isinstance(plain, dict | list) and (length := len(repr(plain))) > _LONGEST_VALUE:
        return f"<{type(value).__name__}, {length} characters>"
    return plain


def _plain(value: Any, depth: int = 0) -> Any:
    """Return `value` in types that a flow file knows; the name of its type for what is too deep or of another one."""
    match value:
        case None | bool() | float():
            return value
        case int():
            # Python refuses to write a number of thousands of digits.
            return value if value.bit_length() <= 64 else f"<int, {value.bit_length()} bits>"
        case str():
            return text(value)
        case bytes():
            return redaction.body(value[:LONGEST_TEXT]).decode("utf-8", "backslashreplace")
        case dict() if depth < _DEEPEST and len(value) <= WIDEST:
            return {
                text(name) if isinstance(name, str) else f"<{type(name).__name__}>": _plain(item, depth + 1)
                for name, item in value.items()
            }
        case list() | tuple() if depth < _DEEPEST and len(value) <= WIDEST:
            return [_plain(item, depth + 1) for item in value]
        case dict() | list() | tuple():
            return f"<{type(value).__name__}, {len(value)} entries>"
        case _:
            return f"<{type(value).__name__}>"
