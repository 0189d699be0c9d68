"""The fields of a request that the support matrix tells of, by client dialect, each with a request that has it."""

from collections.abc import Mapping

from scripts.tools.fields import chat, completions, responses
from scripts.tools.fields.field import Field

__all__ = ["FIELDS", "Field"]

FIELDS: Mapping[str, tuple[Field, ...]] = {
    "chat": chat.FIELDS,
    "responses": responses.FIELDS,
    "completions": completions.FIELDS,
}
