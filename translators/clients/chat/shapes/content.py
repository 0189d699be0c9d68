"""Content: a string, or a list of parts; which parts depends on whose message it is."""

from typing import Annotated, Any, Literal, NotRequired, TypedDict

from pydantic import Field, Tag

from translators.clients.shared.shapes.fields import InputAudio, Marked
from translators.clients.shared.shapes.unions import by, neither, none_of, text_or_list, text_or_object, wire


@wire
class TextPart(Marked):
    type: Literal["text"]
    text: str


@wire
class RefusalPart(Marked):
    type: Literal["refusal"]
    refusal: str


@wire
class ImageUrl(TypedDict):
    url: str
    detail: NotRequired[Literal["auto", "low", "high", "original"] | None]


Picture = Annotated[
    Annotated[str, Tag("<text>")]
    | Annotated[ImageUrl, Tag("<object>")]
    | Annotated[Any, neither("must be an object or a string"), Tag("<neither>")],
    text_or_object,
]
"""An address alone is Mistral's form."""


@wire
class ImagePart(Marked):
    type: Literal["image_url"]
    image_url: Picture


@wire
class AudioPart(Marked):
    type: Literal["input_audio"]
    input_audio: InputAudio


@wire
class File(TypedDict):
    file_data: NotRequired[str | None]
    file_id: NotRequired[Annotated[str, Field(min_length=1)] | None]
    filename: NotRequired[str | None]


@wire
class FilePart(Marked):
    type: Literal["file"]
    file: File


_Text = Annotated[TextPart, Tag("<text>")]
_Refusal = Annotated[RefusalPart, Tag("<refusal>")]
_Image = Annotated[ImagePart, Tag("<image>")]
_File = Annotated[FilePart, Tag("<file>")]
_Audio = Annotated[AudioPart, Tag("<audio>")]

_PLAIN = {"text": "<text>"}
_SAID = {"text": "<text>", "refusal": "<refusal>"}
_RETURNED = {"text": "<text>", "image_url": "<image>", "file": "<file>"}
_SHOWN = {"text": "<text>", "image_url": "<image>", "file": "<file>", "input_audio": "<audio>"}

PlainPart = Annotated[_Text | Annotated[Any, none_of("type", _PLAIN), Tag("<unknown>")], by("type", _PLAIN)]
SaidPart = Annotated[_Text | _Refusal | Annotated[Any, none_of("type", _SAID), Tag("<unknown>")], by("type", _SAID)]
ReturnedPart = Annotated[
    _Text | _Image | _File | Annotated[Any, none_of("type", _RETURNED), Tag("<unknown>")], by("type", _RETURNED)
]
ShownPart = Annotated[
    _Text | _Image | _File | _Audio | Annotated[Any, none_of("type", _SHOWN), Tag("<unknown>")], by("type", _SHOWN)
]

_String = Annotated[str, Tag("<text>")]
_Neither = Annotated[Any, neither("must be a string or a list of content parts"), Tag("<neither>")]

PlainContent = Annotated[_String | Annotated[list[PlainPart], Tag("<list>")] | _Neither, text_or_list]
"""System, developer: text."""
SaidContent = Annotated[_String | Annotated[list[SaidPart], Tag("<list>")] | _Neither, text_or_list]
"""Assistant: text and refusals."""
ReturnedContent = Annotated[_String | Annotated[list[ReturnedPart], Tag("<list>")] | _Neither, text_or_list]
"""Tool: OpenAI takes text only, but clients send what their tools returned, pictures too, and providers take it."""
ShownContent = Annotated[_String | Annotated[list[ShownPart], Tag("<list>")] | _Neither, text_or_list]
"""User: everything."""
