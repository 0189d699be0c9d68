"""Text files that come with the request, in base64."""

import base64
import re

from translators.conversation import Inline
from translators.errors import BadRequest

_CHARSET = re.compile(r";\s*charset=\"?([\w.:-]+)", re.IGNORECASE)


def text_of(source: Inline, at: str) -> str:
    """Return the text of a file, in the charset that its media type names, or else in UTF-8. Raises `BadRequest` for
    what is no text, or none at all."""
    match = _CHARSET.search(source.media_type)
    charset = match[1] if match else "utf-8"
    try:
        text = base64.b64decode(source.data, validate=True).decode(charset)
    except (ValueError, LookupError):
        why = "This text file is not in base64, or not in UTF-8 or the charset that it names."
        raise BadRequest(why, param=at or None) from None
    if not text.strip():
        raise BadRequest("This file is empty.", param=at or None)
    return text
