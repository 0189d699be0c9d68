"""Regular expressions of the operator's, searched in texts that a provider chose.

They are Rust's, as pydantic has them: in the syntax of RE2, as Go's are, and none takes longer than in proportion to
the text. One of Python's (`(a+)+$`) may take for ever, and nothing else goes on meanwhile.
"""

from dataclasses import field

from pydantic_core import SchemaError, SchemaValidator
from pydantic_core.core_schema import str_schema

from translators.values import immutable


@immutable
class Expression:
    """An expression; two that are written alike are equal."""

    text: str
    _found: SchemaValidator = field(repr=False, compare=False)

    def found_in(self, text: str) -> bool:
        """Return whether it matches anywhere in a text."""
        return self._found.isinstance_python(text.encode("utf-8", "replace").decode())


def expression(text: str) -> Expression:
    """Return the expression that a text is. Raises `ValueError`."""
    try:
        return Expression(text, SchemaValidator(str_schema(pattern=text, regex_engine="rust-regex", strict=True)))
    except SchemaError:
        raise ValueError("must be a regular expression as Go and RE2 read them, without look-around") from None
