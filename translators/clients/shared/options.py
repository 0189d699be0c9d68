"""The options of a request while it is parsed, and how every client dialect fills them."""

from collections.abc import Callable, Mapping
from typing import Any

from translators.clients.shared.findings import Findings
from translators.conversation import Option


class Options:
    """The options so far, and the `fields` of the request that they are popped from. `at` gives the path at which the
    client wrote a field."""

    def __init__(self, fields: dict[str, Any], findings: Findings, at: Callable[[str], str] = str) -> None:
        self.fields, self.findings, self.at = fields, findings, at
        self.parsed: dict[str, Option] = {}

    def put(self, name: str, value: Any, at: str) -> None:
        self.parsed[name] = Option(value, at)

    def take(self, field: str) -> Any:
        """Pop a field's value; None where the client did not send it."""
        return self.fields.pop(field, None)

    def carry(self, names: Mapping[str, str], defaults: Mapping[str, Any]) -> None:
        """Pop fields whose values are options as they are. `names` has the option by the field. One that only says the
        default leaves nothing behind."""
        for field, option in names.items():
            value = self.take(field)
            if value is not None and value != defaults.get(field):
                self.put(option, value, self.at(field))

    def stop(self) -> None:
        """Pop `stop`: one sequence, or a list of them."""
        stop = self.take("stop")
        if stop:
            self.put("stop", (stop,) if isinstance(stop, str) else tuple(stop), self.at("stop"))


def streaming(fields: dict[str, Any], findings: Findings, at: Callable[[str], str] = str) -> tuple[bool, bool]:
    """Pop `stream` and `stream_options`. Return whether to stream, and whether the stream ends with its usage.
    `include_obfuscation` pads chunks against those who watch their sizes; the gateway's are never padded, so that there
    is nothing to switch."""
    path = at("stream_options")
    stream, options = bool(fields.pop("stream", None)), fields.pop("stream_options", None)
    if options is None:
        return stream, False
    if not stream:
        findings.problem(path, "can only be sent when stream is true")
    options.pop("include_obfuscation", None)
    usage = bool(options.pop("include_usage", None))
    findings.unknown(path, options)
    return stream, usage
