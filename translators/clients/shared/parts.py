"""Parts of content, as far as they are the same in every kind of request. Each comes in as a checked copy, and is
popped."""

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
    """Return OpenAI's breakpoint, or Anthropic's where that is missing."""
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
    """Return what `prompt_cache_options` say, or None where that is nothing."""
    if options.pop("prewarm", None):
        sentence = "cannot be true: every request here has an answer; leave it out, and send what is to be cached first"
        findings.problem(f"{at}.prewarm", sentence, "unsupported_parameter")
    read = PromptCache(options.pop("mode", None), options.pop("ttl", None))
    findings.unknown(at, options)
    return None if read == PromptCache() else read


def output_format(
    fields: dict[str, Any], read: dict[str, Option], findings: Findings, at: Callable[[str], str] = str
) -> None:
    """Read the format in Anthropic's `output_config`, when OpenAI's own and the effort are read."""
    config, path = fields.get("output_config"), at("output_config")
    if not isinstance(config, dict):
        return
    left = dict(fields.pop("output_config"))
    wanted, where = left.get("format"), f"{path}.format"
    if isinstance(wanted, dict) and wanted.get("type") == "json_schema" and isinstance(wanted.get("schema"), dict):
        del left["format"]
        schema = wanted["schema"]
        findings.unknown(where, {name: value for name, value in wanted.items() if name not in ("type", "schema")})
        told = read.setdefault("response_format", Option(OutputFormat("schema", schema), where))
        if told.value.schema != schema:
            findings.note(where, "dropped", f"{told.at} beside it wins.")
    findings.unknown(path, left)


def as_object(address: str | dict[str, Any]) -> dict[str, Any]:
    """Return a picture's address as an object, which some write as a text and some as an object with more in it."""
    return {"url": address} if isinstance(address, str) else address


def image_part(url: str, detail: str | None, at: str, cache: Cache | None) -> Image | Document:
    """Return a picture, or a document that a client sends in a picture's place."""
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
    path = f"{at}.input_audio"
    try:
        read = Audio(base64(audio.pop("data")), audio.pop("format"), at)
    except Unusable as reason:
        raise AtFault(f"{path}.data", reason) from None
    findings.unknown(path, audio)
    return read
