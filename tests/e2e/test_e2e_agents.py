"""Agents of every framework in whole tool loops, through the gateway, before providers that object as the real ones do.

In each loop the model says a word and calls a tool, makes two calls at once, one of which fails, and answers with what
it has heard. Streams are cut, providers are overloaded, models change in the middle. It ends with the right answer or
with an error that the framework raises; the provider never objects; nothing is cut in silence.
"""

import asyncio
import itertools
import json
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from typing import Any

import httpx
import openai
import pytest
import pytest_asyncio
from agents.exceptions import AgentsException
from openai import AsyncOpenAI
from pydantic_ai.exceptions import AgentRunError

from tests.e2e import node_packages
from tests.e2e.gateway_process import CLIENT_KEY, GatewayProcess, config
from tests.e2e.provider import Provider
from tests.e2e.strict.formats import MODELS, ONE_OF_EACH_FORMAT, SWITCHES, settings
from tests.e2e.strict.frameworks import AGENTS, Knobs, Talk, talk
from tests.e2e.strict.plays import ANSWER, STEPS, Incident, Play, Stage

AI_SDK = ("AI SDK, compatible", "AI SDK, chat", "AI SDK, responses")
RECOVERED: Incident = "an overload before"
"""What clients ask again at. Nobody here asks again in the middle of an answer."""
ERRORS = (openai.APIError, AgentsException, AgentRunError, ValueError)
"""What the frameworks raise; LangChain a `ValueError` at the end of a response that failed."""
THINKS_UNSEEN = "claude-5"
"""It gets no word on thinking, at which it thinks, and shows a signature alone."""
WITHIN = (
    ("claude", "gemini", "responses", "claude-4.5"),
    ("gemini", "bedrock", "chat", "gemini-flash"),
    ("responses", "claude-5", "ollama", "gemini"),
    ("claude-4.5", "responses", "gemini", "bedrock"),
)
"""Each answers one step of two loops of three: results go to whom did not call."""
PATIENCE = 20.0


@dataclass(frozen=True)
class Case:
    agent: str
    models: tuple[str, ...]
    streamed: bool = True
    incidents: tuple[Incident, ...] = ()
    within: bool = False
    """The model changes at each step of a loop, not with each loop."""

    def __str__(self) -> str:
        models = ("/" if self.within else " ").join(self.models)
        happens = self.incidents[0] if self.incidents else "nothing"
        return f"{self.agent} - {models} - {'stream' if self.streamed else 'whole'} - {happens}"

    @property
    def knobs(self) -> Knobs:
        """OpenAI's own models take no temperature, and are given what a client says as it came."""
        effort = None if self.models[0] == THINKS_UNSEEN else "low"
        return Knobs(effort) if {"chat", "responses"} & {*self.models} else Knobs(effort, 0.2, 4096)

    @property
    def asks(self) -> tuple[str, ...]:
        """The model of each prompt."""
        return self.models[:2] if self.within else self.models

    @property
    def recovers(self) -> bool:
        return self.incidents in ((), (RECOVERED,))

    @property
    def retries(self) -> int:
        return 2 if self.recovers else 0


def cases(agents: tuple[str, ...]) -> list[Case]:
    whole: tuple[Incident, ...] = ("a cut in the text", "a cut in a call", "an overload before")
    models, formats = ([(model,) for model in parts] for parts in (MODELS, ONE_OF_EACH_FORMAT))
    return [
        *(Case(*parts) for parts in itertools.product(agents, models, [True, False])),
        *(Case(*parts) for parts in itertools.product(agents, formats, [True], zip(STEPS))),
        *(Case(*parts) for parts in itertools.product(agents, formats, [False], zip(whole))),
        *(Case(*parts) for parts in itertools.product(agents, SWITCHES, [True, False])),
        *(Case(*parts, within=True) for parts in itertools.product(agents, WITHIN, [True, False])),
    ]


PYTHON, NODE = cases(AGENTS), cases(AI_SDK)
PLACES = {case: f"p{number}" for number, case in enumerate((*PYTHON, *NODE))}


def prompt(case: Case) -> str:
    return f"Look at x, y and z. [play {PLACES[case]}]"


def check(play: Play, case: Case, answers: list[str] | None, error: str = "") -> None:
    assert not play.objections
    assert play.is_over
    if case.recovers:
        assert answers == [ANSWER] * len(case.asks), error
    else:
        assert answers is None
        assert play.words in error


@pytest.fixture(scope="module")
def stage() -> Stage:
    return Stage({name: Play(case.incidents) for case, name in PLACES.items()})


@pytest.fixture(scope="module")
def strict(stage: Stage) -> Iterator[Provider]:
    provider = Provider()
    provider.default = stage
    yield provider
    provider.close()
    assert not provider.errors
    assert not stage.strays


@pytest.fixture(scope="module")
def before_strict(strict: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    configuration = config(strict.url, **settings(strict.url))
    with GatewayProcess(tmp_path_factory.mktemp("strict"), configuration) as process:
        yield process


class Switching(httpx.AsyncHTTPTransport):
    """Asks another model at each step, whatever model the agent names."""

    def __init__(self, models: tuple[str, ...]) -> None:
        super().__init__()
        self._models = itertools.cycle(models)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        body = {**json.loads(request.content), "model": next(self._models)}
        headers = {name: value for name, value in request.headers.items() if name != "content-length"}
        changed = httpx.Request(request.method, request.url, headers=headers, json=body, extensions=request.extensions)
        return await super().handle_async_request(changed)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client(before_strict: GatewayProcess) -> AsyncIterator[AsyncOpenAI]:
    async with AsyncOpenAI(base_url=f"{before_strict.url}/v1", api_key=CLIENT_KEY) as made:
        yield made


@asynccontextmanager
async def of(case: Case, client: AsyncOpenAI) -> AsyncIterator[Talk]:
    async with httpx.AsyncClient(transport=Switching(case.models)) as switching:
        more = {"http_client": switching} if case.within else {}
        made = client.with_options(max_retries=case.retries, **more)
        yield talk(case.agent, made, case.streamed, case.knobs, switching if case.within else None)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("case", PYTHON, ids=str)
async def test_python(client: AsyncOpenAI, stage: Stage, case: Case) -> None:
    answers, error = [], ""
    try:
        async with asyncio.timeout(PATIENCE), of(case, client) as talking:
            for model in case.asks:
                answers.append(await talking.ask(model, prompt(case)))
    except ERRORS as raised:
        error = f"{type(raised).__name__}: {raised}"
    check(stage.plays[PLACES[case]], case, None if error else answers, error)


@pytest.fixture(scope="module")
def by_node(before_strict: GatewayProcess) -> dict[Case, Any]:
    """What the AI SDK's agents made of all their cases, in one process of theirs."""
    cases = [
        {
            "client": case.agent.split(", ")[1],
            "streamed": case.streamed,
            "retries": case.retries,
            **asdict(case.knobs),
            "models": case.models,
            "within": case.within,
            "prompt": prompt(case),
        }
        for case in NODE
    ]
    done = subprocess.run(
        ["node", "agents.mjs", f"{before_strict.url}/v1", CLIENT_KEY],
        check=False,
        cwd=node_packages.installed(),
        input=json.dumps(cases),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return dict(zip(NODE, json.loads(done.stdout.splitlines()[-1]), strict=True))


@pytest.mark.parametrize("case", NODE, ids=str)
def test_node(by_node: dict[Case, Any], stage: Stage, case: Case) -> None:
    match by_node[case]:
        case {"error": error}:
            check(stage.plays[PLACES[case]], case, None, error)
        case answers:
            check(stage.plays[PLACES[case]], case, answers)
