"""Parses `prompt` in its forms: a text or a list of texts. Tokens are numbers of one model, which no other can read."""

from typing import Any

from translators.clients.shared.findings import Findings

_TOKENS = "must be text: token numbers mean nothing to this model"
_NOTHING = "must have text in it: this model cannot begin from nothing"
_NEITHER = "must be a string or a list of strings"

MOST_PROMPTS = 128

Prompt = tuple[str, str]
"""The path where it was written, and the text."""


def prompts(given: Any, findings: Findings) -> list[Prompt]:
    """Return the prompts: at least one, unless there is a problem."""
    if given is None:
        findings.problem("prompt", f"is required; it {_NOTHING}", "missing_required_parameter")
        return []
    if isinstance(given, str):
        return _texts([("prompt", given)], findings)
    if not isinstance(given, list):
        findings.problem("prompt", _NEITHER, "invalid_type")
        return []
    if not given:
        findings.problem("prompt", "must not be empty")
        return []
    if len(given) > MOST_PROMPTS and not _is_token(given[0]):
        findings.problem("prompt", f"must have at most {MOST_PROMPTS} entries")
        return []
    if all(_is_token(item) for item in given):
        findings.problem("prompt", _TOKENS, "unsupported_parameter")
        return []
    return _texts([(f"prompt[{place}]", item) for place, item in enumerate(given)], findings)


def _texts(entries: list[tuple[str, Any]], findings: Findings) -> list[Prompt]:
    texts: list[Prompt] = []
    for at, item in entries:
        if isinstance(item, list) and all(_is_token(each) for each in item):
            findings.problem(at, _TOKENS, "unsupported_parameter")
        elif not isinstance(item, str):
            findings.problem(at, "must be a string", "invalid_type")
        elif not item.strip():
            findings.problem(at, _NOTHING)
        else:
            texts.append((at, item))
    return texts


def _is_token(item: Any) -> bool:
    return isinstance(item, int) and not isinstance(item, bool)
