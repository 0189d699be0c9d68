"""Content: a string, or a list of parts. Everybody's messages may have all parts; what a model takes is for its
provider to say."""

from typing import Annotated, Any, Literal, NotRequired, TypedDict

from pydantic import Field, Tag

from translators.clients.shared.shapes.fields import InputAudio, Marked
from translators.clients.shared.shapes.unions import by, neither, none_of, text_or_list, text_or_object, wire

Detail = Literal["auto", "low", "high", "original"]


@wire
class TextPart(Marked):
    """A part with a text. `output_text` comes back with what a server added to it."""

    type: Literal["input_text", "output_text", "text"]
    text: str
    annotations: NotRequired[list[Any] | None]
    logprobs: NotRequired[list[Any] | None]


@wire
class RefusalPart(Marked):
    type: Literal["refusal"]
    refusal: str


@wire
class ImageUrl(TypedDict):
    """Chat's object of that name."""

    url: str
    detail: NotRequired[Detail | None]


Picture = Annotated[
    Annotated[str, Tag("<text>")]
    | Annotated[ImageUrl, Tag("<object>")]
    | Annotated[Any, neither("must be a string or an object"), Tag("<neither>")],
    text_or_object,
]


@wire
class ImagePart(Marked):
    type: Literal["input_image"]
    image_url: NotRequired[Picture | None]
    file_id: NotRequired[Annotated[str, Field(min_length=1)] | None]
    detail: NotRequired[Detail | None]


@wire
class FilePart(Marked):
    type: Literal["input_file"]
    file_data: NotRequired[str | None]
    file_url: NotRequired[str | None]
    file_id: NotRequired[Annotated[str, Field(min_length=1)] | None]
    filename: NotRequired[str | None]


@wire
class AudioPart(Marked):
    """Chat's part of that name; Responses have no audio of their own, but their clients send it."""

    type: Literal["input_audio"]
    input_audio: InputAudio


@wire
class EncryptedPart(TypedDict):
    """A text that a model wrote as an argument that its tool declares as encrypted (Codex). Only OpenAI encrypts it."""

    type: Literal["encrypted_content"]
    encrypted_content: str


_KINDS = {
    "input_text": "<text>",
    "output_text": "<text>",
    "text": "<text>",
    "refusal": "<refusal>",
    "input_image": "<image>",
    "input_file": "<file>",
    "input_audio": "<audio>",
    "encrypted_content": "<encrypted>",
}
AnyPart = Annotated[
    Annotated[TextPart, Tag("<text>")]
    | Annotated[RefusalPart, Tag("<refusal>")]
    | Annotated[ImagePart, Tag("<image>")]
    | Annotated[FilePart, Tag("<file>")]
    | Annotated[AudioPart, Tag("<audio>")]
    | Annotated[EncryptedPart, Tag("<encrypted>")]
    | Annotated[Any, none_of("type", _KINDS), Tag("<unknown>")],
    by("type", _KINDS),
]
Content = Annotated[
    Annotated[str, Tag("<text>")]
    | Annotated[list[AnyPart], Tag("<list>")]
    | Annotated[Any, neither("must be a string or a list of content parts"), Tag("<neither>")],
    text_or_list,
]
