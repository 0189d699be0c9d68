"""The field types of config.yaml, which validate values. No message quotes a value."""

import binascii
import ipaddress
import math
import os
import re
import stat
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationInfo

from routing.environment import PLACEHOLDER, HeaderReference
from routing.expressions import Expression, expression
from routing.secret import Secret
from translators.values import immutable

_SIZE = re.compile(r"(\d{1,12}) ?(?:([kmg])(?:i?b)?)?", re.IGNORECASE)
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
HOST_NAME = re.compile(r"[A-Za-z0-9._-]+")
VISIBLE = re.compile(r"[\x21-\x7e]+")
_HEADER_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?")
_TIME = re.compile(r"-?(?:[0-9]{1,9}(?:\.[0-9]{1,9})?(?:ms|s|m|h))+")
_DIGEST = re.compile(r"[0-9A-Fa-f]{64}")
_KEY_FILE_BYTES = 4096
_TIME_PART = re.compile(r"([0-9.]+)(ms|s|m|h)")
_TIME_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_PEM = re.compile(rb"-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----([^-]*)-----END")
_REDIS = re.compile(
    r"rediss?://(?:[^\s/@:?#]*(?::[^\s/@?#]*)?@)?(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?(?:/[0-9]{0,4})?"
)
_TRUTH = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}

_FRAMING = {
    *("connection", "content-encoding", "content-length", "content-type", "expect", "host", "keep-alive"),
    *("proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"),
}
CREDENTIALS = frozenset(
    ("api-key", "authorization", "cookie", "proxy-authorization", "set-cookie", "x-api-key", "x-goog-api-key")
)
_NEVER_FORWARDED = {
    *_FRAMING,
    *CREDENTIALS,
    *("accept", "accept-encoding", "x-amz-date", "x-amz-security-token", "x-goog-user-project"),
}
"""A client's credentials, and what the gateway decides itself for its own request to the provider."""


class Section(BaseModel):
    """A mapping in the file. Its keys are the field names with `-` for `_`."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        alias_generator=lambda name: name.replace("_", "-"),
        arbitrary_types_allowed=True,
        hide_input_in_errors=True,
    )

    def explicit(self) -> dict[str, Any]:
        """Return the values that the file sets, by field name, without defaults."""
        return {name: getattr(self, name) for name in type(self).model_fields if name in self.model_fields_set}


def whole(value: object, low: int, high: int | None = None) -> int:
    """Return a whole number. A text of digits counts, because a variable gives text."""
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,18}", value):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or value < low or (high is not None and value > high):
        raise ValueError(f"must be a whole number, {low} or more" + (f", at most {high}" if high is not None else ""))
    return value


def _seconds(value: object) -> float:
    try:
        seconds = math.nan if isinstance(value, bool) or not isinstance(value, int | float | str) else float(value)
    except (ValueError, OverflowError):
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise ValueError("must be a number of seconds, 0 or more (0 switches it off)")
    return seconds


def _time(value: object) -> float:
    """Return the seconds of a number, or of a time as Go writes it."""
    if isinstance(value, str) and (match := _TIME.fullmatch(value)) is not None and not value.startswith("-"):
        return sum(float(number) * _TIME_UNITS[unit] for number, unit in _TIME_PART.findall(match[0]))
    try:
        return _seconds(value)
    except ValueError:
        raise ValueError("must be seconds, or a time such as 90s, 30m or 1h") from None


def _size(value: object) -> int:
    match = _SIZE.fullmatch(value) if isinstance(value, str) else None
    if match is not None:
        value = int(match[1]) << {"": 0, "k": 10, "m": 20, "g": 30}[(match[2] or "").lower()]
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError("must be a number of bytes above 0, or one with a unit of 1024: 512k, 64m, 1GiB")
    return value


def _flag(value: object) -> bool:
    truth = _TRUTH.get(value.lower()) if isinstance(value, str) else value
    if not isinstance(truth, bool):
        raise ValueError("must be true or false")
    return truth


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("must be text; put it in quotes")
    if not value or not value.isprintable() or value != value.strip() or len(value) > 200:
        raise ValueError("must be 1 to 200 printable characters without spaces around them")
    return value


def _model_name(value: object) -> str:
    name = _text(value)
    if " " in name or name.startswith("/") or name.endswith("/"):
        raise ValueError("must be a model's name: no spaces, no slash at either end")
    return name


def _prefix(value: object) -> str:
    prefix = _model_name(value.strip("/") if isinstance(value, str) else value)
    if "/" in prefix:
        raise ValueError("must be one word without a slash; models are then asked as PREFIX/NAME")
    return prefix


def _host(value: object) -> str:
    """Return a name or an address; the empty text listens everywhere."""
    host = value.removeprefix("[").removesuffix("]") if isinstance(value, str) else None
    if host is not None and (not host or HOST_NAME.fullmatch(host) or address(host)):
        return host
    raise ValueError("must be an address or a host name alone, as 127.0.0.1; the port has a key of its own")


def address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _key(value: object) -> Secret:
    if not isinstance(value, str):
        raise ValueError("must be text; put the key in quotes")
    if not value:
        raise ValueError("is empty; give a key, or ${NAME} of a variable that holds one")
    if not VISIBLE.fullmatch(value):
        raise ValueError("must be visible ASCII without spaces or line breaks, since it travels in an HTTP header")
    return Secret(value)


def _digest(value: object) -> Secret:
    if not isinstance(value, str) or not _DIGEST.fullmatch(value):
        raise ValueError(
            "must be 64 hexadecimal digits, as `printf %s KEY | sha256sum` prints them; put them in quotes"
        )
    return Secret(value.lower())


@immutable
class KeyFile:
    """A file that holds a key and nothing else, as it was when the configuration was read. `exposed`: everybody on this
    machine may read it."""

    path: str
    key: Secret
    exposed: bool = False


def _key_file(value: object, info: ValidationInfo) -> KeyFile:
    path = _file(value, info)
    try:
        with open(path, "rb") as file:
            data, mode = file.read(_KEY_FILE_BYTES + 1), os.fstat(file.fileno()).st_mode
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror}; let the gateway's user read it") from None
    text = data.decode("latin-1").strip()
    if len(data) > _KEY_FILE_BYTES or not VISIBLE.fullmatch(text):
        raise ValueError("must hold one key and nothing else: visible ASCII without spaces, in one line")
    return KeyFile(path, Secret(text), os.name == "posix" and bool(mode & stat.S_IROTH))


def _instant(value: object) -> float:
    """Return seconds since 1970. A date is its first moment, and what names no zone is UTC."""
    try:
        moment = datetime.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        raise ValueError("must be a date or a time in ISO 8601, as 2027-01-31 or 2027-01-31T18:00:00+01:00") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _storage(value: object) -> Secret | None:
    if value == "memory":
        return None
    if not isinstance(value, str) or not _REDIS.fullmatch(value):
        raise ValueError(
            "must be memory, or the URL of a Redis: redis://HOST:PORT/0, rediss://USER:PASSWORD@HOST:PORT/0"
        )
    return Secret(value)


def _origin(value: object) -> str:
    if value == "*":
        return "*"
    if isinstance(value, str) and re.fullmatch(r"[a-z][a-z0-9+.-]*://[A-Za-z0-9.\[\]:_-]+", value):
        return value.lower()
    raise ValueError('must be an origin such as https://app.example.com, without a path, or "*"')


def header_name(value: object) -> str:
    """Return the name in lower case. Raise `ValueError` for what is none."""
    if not isinstance(value, str) or not _TOKEN.fullmatch(value):
        raise ValueError("must be the name of an HTTP header")
    return value.lower()


def _forwarded(value: object) -> str:
    name = header_name(value)
    if name in _NEVER_FORWARDED:
        raise ValueError("names a header that is never passed on: a credential, or one that the gateway sets itself")
    return name


def _headers(value: object, own: frozenset[str]) -> dict[str, Secret | HeaderReference]:
    """Return headers in lower case. `own` are the headers that the credentials of this provider go into."""
    if not isinstance(value, dict):
        raise ValueError("must be a mapping of header names to texts")
    made: dict[str, Secret | HeaderReference] = {}
    for name, text in value.items():
        if header_name(name) in _FRAMING | own:
            raise ValueError("holds a header that the gateway sets itself; credentials have keys of their own")
        if not isinstance(text, str) or not _HEADER_VALUE.fullmatch(text):
            raise ValueError("each value must be text of ASCII characters in one line; put it in quotes")
        if isinstance(text, HeaderReference) and text.name in _NEVER_FORWARDED:
            raise ValueError("copies a header that is never passed on: a credential, or one that the gateway sets")
        sent = text if isinstance(text, HeaderReference) else Secret(text)
        if made.setdefault(name.lower(), sent) is not sent:
            raise ValueError("the same header stands twice, in another case; keep one of them")
    return made


def headers_but(*own: str) -> BeforeValidator:
    return BeforeValidator(partial(_headers, own=frozenset(own)))


def shaped(pattern: str, wrong: str) -> BeforeValidator:
    """Return a validator of text that `pattern` matches whole. An unset variable's stand-in passes, so that its entry
    can be read."""
    shape = re.compile(pattern)

    def check(value: object) -> str:
        if not isinstance(value, str) or not (shape.fullmatch(value) or value == PLACEHOLDER):
            raise ValueError(wrong)
        return value

    return BeforeValidator(check)


def _file(value: object, info: ValidationInfo) -> str:
    """Return the path of a file, relative to the folder of config.yaml, and add it to the list of files; both are in
    the context."""
    if not isinstance(value, str) or not value or "\0" in value:
        raise ValueError("must be the name of a file")
    if value == PLACEHOLDER:
        return value
    context = info.context or {}
    path = Path(context.get("folder", "."), Path(value).expanduser())
    context.get("files", []).append(str(path))
    if not path.is_file():
        raise ValueError("there is no such file; the name is relative to the folder of this configuration")
    return str(path)


def absent(value: object) -> object:
    """Return None for an empty text, which counts as absent."""
    return None if value == "" else value


def _new_file(value: object, info: ValidationInfo) -> str:
    """Return the path of a file that may not be there yet, relative to the folder of config.yaml."""
    if not isinstance(value, str) or not value or "\0" in value:
        raise ValueError("must be the name of a file")
    path = Path((info.context or {}).get("folder", "."), Path(value).expanduser())
    if path.is_dir() or not path.parent.is_dir():
        raise ValueError("must be a file in a folder that exists; the name is relative to this configuration's folder")
    return str(path)


def _new_folder(value: object, info: ValidationInfo) -> str:
    """Return the path of a folder that may not be there yet, relative to the folder of config.yaml."""
    if not isinstance(value, str) or not value or "\0" in value:
        raise ValueError("must be the name of a folder")
    path = Path((info.context or {}).get("folder", "."), Path(value).expanduser())
    if not (path.is_dir() or (path.parent.is_dir() and not path.exists())):
        raise ValueError("must be a folder, or a new one in a folder that exists; relative to this configuration's")
    return str(path)


def _certificates(value: object, info: ValidationInfo) -> str:
    """Return the path of a file that holds certificates in PEM form."""
    path = _file(value, info)
    try:
        found = _PEM.findall(Path(path).read_bytes())
        good = all(binascii.a2b_base64(each).startswith(b"\x30") for each in found)
    except OSError:
        raise ValueError("cannot be read; let the gateway's user read it") from None
    except binascii.Error:
        good = False
    if not found or not good:
        raise ValueError("must be a file of certificates in PEM form (-----BEGIN CERTIFICATE-----)")
    return path


def or_none(value: object) -> object:
    """Return None for `none`, which is the absence of a thing: a null would be as if the key were absent."""
    return None if value == "none" else value


def _renames(value: object) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(name, str) and name for name in value.values()):
        raise ValueError("must be a mapping of field names to field names")
    return {str(old): new for old, new in value.items()}


def _scalars(value: object) -> dict[str, object]:
    """Return options that only the provider knows."""
    if not isinstance(value, dict) or not all(_is_scalar(each) for each in value.values()):
        raise ValueError("must be a mapping of names to numbers, texts, truths, or lists of texts")
    return {str(name): each for name, each in value.items()}


def _is_scalar(value: object) -> bool:
    if isinstance(value, list):
        return all(isinstance(each, str) for each in value)
    return isinstance(value, str | int) or (isinstance(value, float) and math.isfinite(value))


def _lifetime(value: object) -> str | int:
    """Return seconds (below 0: for ever), or a time as Go writes it."""
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,9}", value):
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and (
        value == PLACEHOLDER or re.fullmatch(r"-?([0-9]{1,9}(\.[0-9]+)?(ms|s|m|h))+", value)
    ):
        return value
    raise ValueError("must be seconds or a time such as 10m or 24h; -1 is for ever, 0 not at all")


Name = Annotated[str, BeforeValidator(_text)]
ModelName = Annotated[str, BeforeValidator(_model_name)]
Prefix = Annotated[str, BeforeValidator(_prefix)]
Flag = Annotated[bool, BeforeValidator(_flag)]
Seconds = Annotated[float, BeforeValidator(_seconds)]
Size = Annotated[int, BeforeValidator(_size)]
"""Bytes."""
Count = Annotated[int, BeforeValidator(partial(whole, low=1))]
Amount = Annotated[int, BeforeValidator(partial(whole, low=0))]
Minutes = Annotated[int, BeforeValidator(partial(whole, low=0, high=525_600))]
Number = Annotated[int, BeforeValidator(partial(whole, low=-1_000_000, high=1_000_000))]
Weight = Annotated[int, BeforeValidator(partial(whole, low=-1_000_000, high=1_000_000))]
Pattern = Annotated[Expression, BeforeValidator(lambda value: expression(_text(value)))]
"""A regular expression."""
Quota = Annotated[int, BeforeValidator(partial(whole, low=1, high=10**12))]
Storage = Annotated[Secret | None, BeforeValidator(_storage)]
"""The URL of a Redis, which may hold a password; None: memory."""
Port = Annotated[int, BeforeValidator(partial(whole, low=1, high=65535))]
Host = Annotated[str, BeforeValidator(_host)]
Origin = Annotated[str, BeforeValidator(_origin)]
Key = Annotated[Secret, BeforeValidator(_key)]
KeyDigest = Annotated[Secret, BeforeValidator(_digest)]
"""A key's SHA-256, in hexadecimal digits."""
HeldKey = Annotated[KeyFile, BeforeValidator(_key_file)]
Instant = Annotated[float, BeforeValidator(_instant)]
File = Annotated[str, BeforeValidator(_file)]
NewFile = Annotated[str, BeforeValidator(_new_file)]
NewFolder = Annotated[str, BeforeValidator(_new_folder)]
Certificates = Annotated[str, BeforeValidator(_certificates)]
"""A file of them."""
Forwarded = Annotated[str, BeforeValidator(_forwarded)]
"""The lower-case name of a client's header."""
Renames = Annotated[Mapping[str, str], BeforeValidator(_renames)]
Scalars = Annotated[Mapping[str, Any], BeforeValidator(_scalars)]
Lifetime = Annotated[float, BeforeValidator(_time)]
"""Seconds, or a time as Go writes it: `1h`, `90m`, `1h30m`."""
KeepAlive = Annotated[str | int, BeforeValidator(_lifetime)]
Headers = Mapping[str, Secret | HeaderReference]
"""Lower-case names to `Secret`s, or to the client's headers whose values are sent."""
Label = Annotated[
    str,
    shaped(r"[A-Za-z0-9](?:[A-Za-z0-9.:_-]{0,98}[A-Za-z0-9])?", "must be one word of letters, digits, -, _, . and :"),
]
"""A value that becomes part of a path: a project, a version of an API."""
Region = Annotated[str, shaped(r"[a-z][a-z0-9-]{0,40}", "must be the name of a region, as us-east-1 or europe-west4")]
