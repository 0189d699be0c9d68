"""Bytes and tokens of each part of a prompt, as the provider got it. Bytes are exact; tokens are estimated."""

import re
from collections.abc import Sequence
from typing import Any

from addons.exchange.redaction import MEDIUM
from addons.inspector import reading
from addons.inspector.prompt_parts import Part, prompt_parts
from addons.inspector.reading import Detail, size

BYTES_OF_A_TOKEN = 4
"""Of text, where the tokens of pictures are part of the sum and nobody says how many they are."""
PROPORTIONAL = "estimated: its share of the bytes, of the input tokens that the provider reported"
BESIDE_IMAGES = "estimated: 4 bytes a token, since the reported input tokens hold pictures, too"
OF_IMAGES = "estimated: what the texts leave of the reported input tokens"
_SIGNS = {"iVBOR": "image/png", "/9j/": "image/jpeg", "R0lGOD": "image/gif", "UklGR": "image/webp"}
"""How the base64 of pictures begins."""


def budget(detail: Detail) -> list[dict[str, Any]]:
    """Return the parts in the order in which a model reads them: `[{"path": "tools[0]", "what": "tool", "name": "look",
    "role": "", "bytes": 310, "tokens": 81 | null, "how": "estimated: ..." | null}]`.

    `bytes` are those of the part's JSON, of a picture that was not kept those of the picture. `tokens` is None where
    the provider reported none.
    """
    parts = _parts(detail)
    weights = [_bytes(part) for part in parts]
    total = (detail.get("tokens") or {}).get("input")
    tokens = _tokens(parts, weights, total) if isinstance(total, int) else [(None, None)] * len(parts)
    return [
        {
            "path": part.path,
            "what": part.kind,
            "name": part.name,
            "role": part.role,
            "bytes": weight,
            "tokens": count,
            "how": how,
        }
        for part, weight, (count, how) in zip(parts, weights, tokens, strict=True)
    ]


def images(detail: Detail) -> list[dict[str, Any]]:
    """Return the pictures of a prompt: `[{"path": "messages[0].content[1]", "type": "image/png", "bytes": 1234,
    "sha256": "0123456789ab" | null, "url": "https://..." | null, "data": "data:image/png;base64,..." | null}]`. `data`
    is there only where bodies are kept in full."""
    return [_image(part) for part in _parts(detail) if part.kind == "image"]


def _parts(detail: Detail) -> list[Part]:
    """Return the parts of the provider's request; of the client's where none was sent."""
    body = reading.body(detail, "provider")
    if body is not None:
        return prompt_parts(reading.family(detail, "provider"), body)
    return prompt_parts(reading.family(detail, "client"), reading.body(detail, "client"))


def _bytes(part: Part) -> int:
    collapsed = MEDIUM.search(reading.compact(part.value)) if part.kind == "image" else None
    return int(collapsed["bytes"]) if collapsed else size(part.value)


def _tokens(parts: Sequence[Part], weights: Sequence[int], total: int) -> list[tuple[int | None, str | None]]:
    pictures = sum(part.kind == "image" for part in parts)
    texts = sum(weight for part, weight in zip(parts, weights, strict=True) if part.kind != "image")
    if not pictures:
        shares = _shared(total, weights)
        return [(share, PROPORTIONAL) for share in shares]
    for_texts = min(total, texts // BYTES_OF_A_TOKEN)
    of_texts = _shared(
        for_texts, [0 if part.kind == "image" else weight for part, weight in zip(parts, weights, strict=True)]
    )
    of_images = _shared(total - for_texts, [int(part.kind == "image") for part in parts])
    return [
        (of_images[at], OF_IMAGES) if part.kind == "image" else (of_texts[at], BESIDE_IMAGES)
        for at, part in enumerate(parts)
    ]


def _shared(total: int, weights: Sequence[int]) -> list[int]:
    """Return `total` shared out by weight, so that the shares add up to it."""
    whole, given, seen, shares = sum(weights) or 1, 0, 0, list[int]()
    for weight in weights:
        seen += weight
        upto = round(total * seen / whole)
        shares.append(upto - given)
        given = upto
    return shares


def _image(part: Part) -> dict[str, Any]:
    text = reading.compact(part.value)
    collapsed = MEDIUM.search(text)
    whole = re.search(r"data:(image/[\w.+-]{1,50});base64,[A-Za-z0-9+/=_-]+", text)
    url = re.search(r'https?://[^"\\\s]{1,2000}', text)
    data = whole[0] if whole else _raw(part.value)
    return {
        "path": part.path,
        "type": collapsed["type"] if collapsed else data[5 : data.index(";")] if data else part.name,
        "bytes": _bytes(part),
        "sha256": collapsed["hash"] if collapsed else None,
        "url": url[0] if url and not whole and not collapsed else None,
        "data": data,
    }


def _raw(value: Any) -> str | None:
    """Return the data of a picture whose base64 stands alone or beside its type, as a data URL."""
    media, encoded = _typed(value)
    if not isinstance(encoded, str) or not re.fullmatch(r"[A-Za-z0-9+/=_-]+", encoded):
        return None
    if not isinstance(media, str):
        media = next((media for sign, media in _SIGNS.items() if encoded.startswith(sign)), "")
    return f"data:{media};base64,{encoded}" if re.fullmatch(r"image/[\w.+-]{1,50}", media) else None


def _typed(value: Any) -> tuple[Any, Any]:
    """Return the type and the base64 of a picture, by the shapes of Anthropic, Gemini, Bedrock and Ollama."""
    match value:
        case {"source": {"media_type": media, "data": encoded}}:
            return media, encoded
        case {"inlineData": {"mimeType": media, "data": encoded}}:
            return media, encoded
        case {"image": {"format": form, "source": {"bytes": encoded}}}:
            return f"image/{form}", encoded
    return None, value
