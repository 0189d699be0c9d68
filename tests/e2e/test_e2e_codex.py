"""Codex CLI as it comes, in a turn that runs a tool, onto providers that do not know Responses.

Only collected with `GATEWAY_AGENTS`.
"""

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import claude
import pytest
from gateway_process import CLIENT_KEY, PROVIDER_KEY, GatewayProcess, config
from provider import Call, Provider, stream

from tests.e2e import node_packages

MODELS = ("sonnet", "gpt-5.5", "gpt-6-sol")
"""Codex asks differently for each: functions; a patch tool and a search for tools; all tools among the input."""
SAID = "said-by-the-tool"
SIGNATURE = "c2lnbmVkIGJ5IENsYXVkZQ=="


@dataclass(frozen=True)
class Step:
    """What the model does: it calls a tool, or, without one, says `text`. `given` is a function's arguments."""

    text: str = ""
    tool: str | None = None
    given: dict[str, Any] = field(default_factory=dict)


DONE = Step("All is done.")


def as_chat(step: Step) -> list[bytes]:
    """The chunks of a chat-only server."""
    head = {"id": "c-1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    delta: dict[str, Any] = {"role": "assistant", "content": step.text}
    if step.tool is not None:
        function = {"name": step.tool, "arguments": json.dumps(step.given)}
        delta = {"tool_calls": [{"index": 0, "id": "call_1", "type": "function", "function": function}]}
    ends = {"index": 0, "delta": {}, "finish_reason": "stop" if step.tool is None else "tool_calls"}
    usage = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
    chunks: list[dict[str, Any]] = [
        {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]},
        {**head, "choices": [ends]},
        {**head, "choices": [], "usage": usage},
    ]
    return [*(b"data: " + json.dumps(chunk).encode() + b"\n\n" for chunk in chunks), b"data: [DONE]\n\n"]


def as_claude(step: Step) -> list[dict[str, Any]]:
    if step.tool is None:
        return claude.events(claude.message(claude.text(step.text)))
    thought, call = claude.thinking("A tool is needed.", SIGNATURE), claude.tool_use("toolu_1", step.tool, **step.given)
    return claude.events(claude.message(thought, call, stop_reason="tool_use"))


def as_responses(step: Step) -> list[dict[str, Any]]:
    """Events of a server that Codex could have called itself."""
    item: dict[str, Any] = {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed"}
    item["content"] = [{"type": "output_text", "text": step.text, "annotations": []}]
    if step.tool is not None:
        called = {"call_id": "call_1", "name": step.tool, "arguments": json.dumps(step.given)}
        item = {"id": "fc_1", "type": "function_call", "status": "completed", **called}
    usage = {"input_tokens": 11, "output_tokens": 7, "total_tokens": 18}
    begun = {"id": "resp_1", "object": "response", "created_at": 1, "model": "m", "output": []}
    done = {**begun, "status": "completed", "output": [item], "usage": usage}
    events: list[dict[str, Any]] = [
        {"type": "response.created", "response": {**begun, "status": "in_progress"}},
        {"type": "response.output_item.added", "output_index": 0, "item": item},
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": "response.completed", "response": done},
    ]
    return [{**event, "sequence_number": number} for number, event in enumerate(events)]


@dataclass
class Codex:
    """`exec` of Codex, with a home of its own that knows nothing but the gateway."""

    gateway: GatewayProcess
    provider: Provider
    folder: Path
    speaks: str

    def written(self, step: Step) -> list[Any]:
        return {"chat": as_chat, "claude": as_claude, "responses": as_responses}[self.speaks](step)

    def turn(self, model: str, *steps: Step, retries: int = 0, more: str = "") -> str:
        """Codex's last message after a turn in which the model does all `steps`."""
        self.provider.scripts += [stream(self.written(step)) for step in steps]
        scripts = len(self.provider.scripts)
        home, work, last = (self.folder / name for name in ("home", "work", "last.txt"))
        home.mkdir()
        work.mkdir()
        (home / "config.toml").write_text(f"""
model = "{self.speaks}/{model}"
model_provider = "gateway"
check_for_update_on_startup = false
{more}
[model_providers.gateway]
name = "gateway"
base_url = "{self.gateway.url}/v1"
env_key = "GATEWAY_KEY"
wire_api = "responses"
request_max_retries = 0
stream_max_retries = {retries}
""")
        arguments = ["--skip-git-repo-check", "--sandbox", "danger-full-access", "-o", str(last), "Use the tool."]
        done = subprocess.run(
            [str(node_packages.installed() / "node_modules/.bin/codex"), "exec", *arguments],
            check=False,
            cwd=work,
            env={**os.environ, "CODEX_HOME": str(home), "GATEWAY_KEY": CLIENT_KEY},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert len(self.provider.calls) >= scripts
        return last.read_text()

    def sent(self, number: int) -> Any:
        return self.provider.calls[number].json

    def tools(self, number: int) -> set[str]:
        return {tool.get("function", tool)["name"] for tool in self.sent(number)["tools"]}

    def result(self, number: int = -1) -> str:
        """What the model hears of its last call."""
        return json.dumps(self.sent(number)["messages"][-1]["content"])


@pytest.fixture(scope="module")
def codex_gateway(running_provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    chat = {
        "name": "chat-only",
        "base-url": f"{running_provider.url}/v1",
        "prefix": "chat",
        "api-key-entries": [{"api-key": PROVIDER_KEY}],
        "models": [{"name": "m", "alias": model} for model in MODELS],
    }
    claudes = {
        "api-key": PROVIDER_KEY,
        "base-url": running_provider.url,
        "prefix": "claude",
        "models": [{"name": "claude-sonnet-4-5", "alias": model} for model in MODELS],
    }
    responses = {**claudes, "base-url": f"{running_provider.url}/v1", "prefix": "responses"}
    responses["models"] = [{"name": "m", "alias": model} for model in MODELS]
    settings = config(
        running_provider.url, openai_compatibility=[chat], claude_api_key=[claudes], codex_api_key=[responses]
    )
    with GatewayProcess(tmp_path_factory.mktemp("codex"), settings) as process:
        yield process


@pytest.fixture(params=["chat", "claude"])
def codex(codex_gateway: GatewayProcess, provider: Provider, tmp_path: Path, request: Any) -> Codex:
    return Codex(codex_gateway, provider, tmp_path, request.param)


COMMAND = Step(tool="exec_command", given={"cmd": f"echo {SAID}"})


@pytest.mark.parametrize("model", ["sonnet", "gpt-5.5"])
def test_a_command(codex: Codex, model: str) -> None:
    assert codex.turn(model, COMMAND, DONE) == DONE.text
    assert SAID in codex.result()


def test_claude_gets_its_signature_back(codex: Codex) -> None:
    if codex.speaks == "claude":
        codex.turn("sonnet", COMMAND, DONE)
        thought, call = codex.sent(1)["messages"][-2]["content"]
        assert thought == {"type": "thinking", "thinking": "A tool is needed.", "signature": SIGNATURE}
        assert (call["type"], call["id"], call["input"]) == ("tool_use", "toolu_1", COMMAND.given)


def test_a_patch(codex: Codex) -> None:
    """A custom tool with a grammar."""
    patch = f"*** Begin Patch\n*** Add File: new.txt\n+{SAID}\n*** End Patch\n"
    codex.turn("gpt-5.5", Step(tool="apply_patch", given={"input": patch}), DONE)
    assert (codex.folder / "work/new.txt").read_text() == f"{SAID}\n"
    assert "Success" in codex.result()


def test_a_search_for_tools(codex: Codex) -> None:
    """A tool that Codex holds back is searched, declared, and called in its namespace."""
    search = Step(tool="tool_search", given={"query": "spawn an agent"})
    listing = Step(tool="multi_agent_v1__close_agent", given={"target": "nobody"})
    codex.turn("gpt-5.5", search, listing, DONE)
    assert "multi_agent_v1__close_agent" not in codex.tools(0)
    assert "multi_agent_v1__close_agent" in codex.tools(1)
    assert "multi_agent_v1__close_agent" in codex.result(1)
    assert "nobody" in codex.result(2)


def test_a_program_of_calls(codex: Codex) -> None:
    """A custom tool in a namespace, declared by an item of the input. It tells of its progress by a result of its own,
    before the result."""
    program = f'notify("on its way"); text((await tools.exec_command({{cmd: "echo {SAID}"}})).output)'
    codex.turn("gpt-6-sol", Step(tool="functions__exec", given={"input": program}), DONE)
    assert SAID in codex.result()
    assert "on its way" in codex.result()


def test_an_agent_of_its_own(codex: Codex) -> None:
    """The child asks at the same time as its parent, which waits for it."""
    spawn = Step(tool="collaboration__spawn_agent", given={"message": SAID, "task_name": "helper"})
    wait = Step(tool="collaboration__wait_agent", given={"timeout_ms": 20_000})

    def is_child(call: Call) -> bool:
        return b"newly spawned child agent" in call.body

    async def answer(call: Call) -> None:
        step = DONE if is_child(call) or b"Message Type: FINAL_ANSWER" in call.body else wait
        await stream(codex.written(step))(call)

    codex.provider.default = answer
    assert codex.turn("gpt-6-sol", spawn) == DONE.text
    child = next(call.json for call in codex.provider.calls if is_child(call))
    assert SAID in json.dumps(child["messages"][-1])


def test_a_summary_of_what_grew_too_long(codex: Codex) -> None:
    """Codex asks for it without tools, with their calls in the history."""
    summary = Step("A summary.")
    assert codex.turn("sonnet", COMMAND, summary, DONE, more="model_auto_compact_token_limit = 15") == DONE.text
    assert SAID in json.dumps(codex.sent(1)["messages"])
    assert "A summary." in json.dumps(codex.sent(2)["messages"])
    assert SAID not in json.dumps(codex.sent(2)["messages"])


def test_a_cut_stream_is_asked_again(codex: Codex) -> None:
    broken = codex.written(Step("Half of it"))[:2]
    codex.provider.scripts = [stream(broken, end=b"")]
    assert codex.turn("sonnet", DONE, retries=1) == DONE.text


def test_a_server_that_speaks_responses(codex_gateway: GatewayProcess, provider: Provider, tmp_path: Path) -> None:
    """It gets what Codex says as it came, but for the model."""
    codex = Codex(codex_gateway, provider, tmp_path, "responses")
    assert codex.turn("gpt-5.5", COMMAND, DONE) == DONE.text
    body = codex.sent(1)
    assert (body["model"], body["input"][-1]["call_id"]) == ("m", "call_1")
    assert {"tool_search", "custom", "web_search"} < {tool["type"] for tool in body["tools"]}
    assert "client_metadata" in body
