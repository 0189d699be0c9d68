"""Parts of content that are the same in every client dialect. Each comes in as a validated copy, and is popped
empty."""

from collections.abc import Callable
from typing import Any

from translators.clients.shared.findings import Findings
from translators.clients.shared.media import Unusable, base64, located
from translators.conversation import Audio, Cache, Document, Image, Inline, Option, OutputFormat, PromptCache


class AtFault(Exception):
    """The reason why a part cannot be read, as a sentence that goes on after the path of what is to blame."""

    def __init__(self, path: str, sentence: object) -> None:
        self.path, self.sentence = path, str(sentence)


def cache_of(fields: dict[str, Any], at: str, findings: Findings) -> Cache | None:
    """Return OpenAI's `prompt_cache_breakpoint`, or Anthropic's `cache_control` where that is missing."""
    marks = {}
    for name in ("cache_control", "prompt_cache_breakpoint"):
        if (mark := fields.pop(name, None)) is not None:
            mark.pop("type" if name == "cache_control" else "mode")
            marks[name] = Cache(mark.pop("ttl", None))
            findings.unknown(f"{at}.{name}", mark)
    ours = marks.get("prompt_cache_breakpoint")
    theirs = marks.get("cache_control")
    if ours and theirs and ours != theirs:
        findings.note(f"{at}.cache_control", "dropped", "prompt_cache_breakpoint beside it says another lifetime.")
    return ours or theirs


def prompt_cache(options: dict[str, Any], at: str, findings: Findings) -> PromptCache | None:
    """Return the wishes in `prompt_cache_options`, `{"mode": ..., "ttl": ...}`; None where there are none."""
    if options.pop("prewarm", None):
        sentence = "cannot be true: every request here has an answer; leave it out, and send what is to be cached first"
        findings.problem(f"{at}.prewarm", sentence, "unsupported_parameter")
    cache = PromptCache(options.pop("mode", None), options.pop("ttl", None))
    findings.unknown(at, options)
    return None if cache == PromptCache() else cache


def output_format(
    fields: dict[str, Any], options: dict[str, Option], findings: Findings, at: Callable[[str], str] = str
) -> None:
    """Parse the format in Anthropic's `{"output_config": {"format": {"type": "json_schema", "schema": ...}}}` into
    `options`, after OpenAI's own and the effort."""
    config, path = fields.get("output_config"), at("output_config")
    if not isinstance(config, dict):
        return
    rest = dict(fields.pop("output_config"))
    wanted, where = rest.get("format"), f"{path}.format"
    if isinstance(wanted, dict) and wanted.get("type") == "json_schema" and isinstance(wanted.get("schema"), dict):
        del rest["format"]
        schema = wanted["schema"]
        findings.unknown(where, {name: value for name, value in wanted.items() if name not in ("type", "schema")})
        option = options.setdefault("response_format", Option(OutputFormat("schema", schema), where))
        if option.value.schema != schema:
            findings.note(where, "dropped", f"{option.at} beside it wins.")
    findings.unknown(path, rest)


def as_object(address: str | dict[str, Any]) -> dict[str, Any]:
    """Return a picture's address as an object, `{"url": ..., "detail": ...}`: some clients write the URL alone."""
    return {"url": address} if isinstance(address, str) else address


def image_part(url: str, detail: str | None, at: str, cache: Cache | None) -> Image | Document:
    """Return a picture, or a document that a client sends in a picture's place. Raises `AtFault`."""
    path = f"{at}.image_url"
    try:
        source = located(url)
    except Unusable as reason:
        raise AtFault(path, reason) from None
    if not isinstance(source, Inline) or source.media_type.startswith("image/"):
        return Image(source, None if detail == "auto" else detail, at, cache)
    if source.media_type == "application/pdf" or source.media_type.startswith("text/"):
        return Document(source, None, at, cache)
    raise AtFault(path, "must carry an image, a PDF or text")


def audio_part(audio: dict[str, Any], at: str, findings: Findings) -> Audio:
    """Return the speech in `{"data": BASE64, "format": ...}`. Raises `AtFault`."""
    path = f"{at}.input_audio"
    try:
        part = Audio(base64(audio.pop("data")), audio.pop("format"), at)
    except Unusable as reason:
        raise AtFault(f"{path}.data", reason) from None
    findings.unknown(path, audio)
    return part
