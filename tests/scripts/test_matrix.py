"""scripts/matrix: the page is fresh, complete, and tells on a dialect that loses a field in silence."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, get_args, get_type_hints

import pytest
from openai.types import ChatModel
from openai.types.chat.completion_create_params import CompletionCreateParamsStreaming as ChatParams
from openai.types.completion_create_params import CompletionCreateParamsStreaming as CompletionParams
from openai.types.responses.response_create_params import ResponseCreateParamsStreaming as ResponseParams

from scripts.tools import cliproxyapi_page, matrix
from scripts.tools.fields import FIELDS, Field
from scripts.tools.matrix import COLUMNS, PAGE, Silent, fate, main, page
from translators.conversation import Conversation
from translators.dialects import Model, ProviderDialect, Rendered
from translators.errors import BadRequest
from translators.providers import anthropic
from translators.providers.gemini.profiles import known_models
from translators.registry import CLIENTS, PROVIDERS

MODEL = Model("claude-sonnet-4-6")


def test_the_pages_are_fresh() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "docs/support-matrix.md is stale: run scripts/matrix."
    theirs = cliproxyapi_page.PAGE.read_text(encoding="utf-8")
    assert theirs == cliproxyapi_page.page(), "docs/from-cliproxyapi.md is stale: run scripts/matrix."


def test_check(tmp_path: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(matrix, "PAGE", tmp_path / "page.md")
    monkeypatch.setattr(cliproxyapi_page, "PAGE", tmp_path / "other.md")
    monkeypatch.setattr(matrix, "page", lambda: "one\n")
    assert main(["--check"]) == 1
    assert main([]) == 0
    assert main(["--check"]) == 0
    monkeypatch.setattr(matrix, "page", lambda: "two\n")
    assert main(["--check"]) == 1
    assert capsys.readouterr().out.count("stale: run scripts/matrix") == 3


def test_every_dialect_has_its_place() -> None:
    assert {column.dialect for column in COLUMNS} == set(PROVIDERS)
    assert set(FIELDS) == set(CLIENTS)
    assert all(f"\n## {client}\n" in page() for client in CLIENTS)


def test_headings_and_rows_are_told_apart() -> None:
    headings = [column.heading for column in COLUMNS]
    assert len(set(headings)) == len(headings)
    for rows in FIELDS.values():
        assert len({row.name for row in rows}) == len(rows)


def test_the_models_are_their_makers() -> None:
    known = {*known_models(), *get_args(ChatModel), *anthropic.known_models()}
    free = [column for column in COLUMNS if column.model.removeprefix("us.anthropic.") not in known]
    assert [column.model for column in free] == ["amazon.nova-pro-v1:0", "qwen3"]


@pytest.mark.parametrize(
    ("client", "shape"),
    [
        pytest.param("chat", ChatParams, id="chat"),
        pytest.param("completions", CompletionParams, id="completions"),
        pytest.param("responses", ResponseParams, id="responses"),
    ],
)
def test_every_field_of_the_api_has_a_row(client: str, shape: type) -> None:
    rows = {name for row in FIELDS[client] for name in row.with_it}
    assert set(get_type_hints(shape)) - rows == set()


def planted(render: Any) -> ProviderDialect:
    """Anthropic's dialect with another `render`."""
    names = {name: getattr(anthropic, name) for name in ("name", "framing", "answer", "read_error", "read_limits")}
    dialect: Any = SimpleNamespace(**names | {"render": render})
    return dialect  # type: ignore[no-any-return]


def row(name: str) -> Field:
    (field,) = [each for each in FIELDS["chat"] if each.name == name]
    return field


def silent(conversation: Conversation, model: Model) -> Rendered:
    """Loses every option, and says nothing."""
    return replace(anthropic.render(replace(conversation, options={}), model), notes=())


def test_a_silent_dialect_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PROVIDERS, "anthropic", planted(silent))  # type: ignore[arg-type]
    with pytest.raises(Silent, match="seed at anthropic"):
        fate("chat", "anthropic", MODEL, row("seed"))


def test_a_refusal_by_the_name_of_another_field_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(conversation: Conversation, model: Model) -> Rendered:
        if "seed" in conversation.options:
            raise BadRequest("No.", param="messages")
        return anthropic.render(conversation, model)

    monkeypatch.setitem(PROVIDERS, "anthropic", planted(wrong))  # type: ignore[arg-type]
    with pytest.raises(Silent, match="seed at anthropic: refused at messages"):
        fate("chat", "anthropic", MODEL, row("seed"))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("temperature", "✓", id="carried"),
        pytest.param("temperature above 1", "near", id="approximated"),
        pytest.param("seed", "dropped", id="dropped"),
        pytest.param("logprobs, top_logprobs", "**400**", id="refused"),
        pytest.param("n", "calls", id="several calls"),
        pytest.param("stream_options", "gateway", id="the gateway's own"),
        pytest.param("tool_choice: allowed_tools", "moved", id="moved"),
    ],
)
def test_cells(name: str, expected: str) -> None:
    assert fate("chat", "anthropic", MODEL, row(name)) == expected


def test_a_part_that_is_lost() -> None:
    assert fate("chat", "gemini", Model("gemini-2.5-flash"), row("file (PDF)")) == "in part"
    assert fate("chat", "gemini", Model("gemini-3.1-pro-preview"), row("tool_calls and their results")) == "added"
