"""Agents of the frameworks that people build on, each with one tool that looks at a place, and loses the third."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Protocol

import httpx
from agents import (
    Agent,
    ModelSettings,
    OpenAIChatCompletionsModel,
    OpenAIResponsesModel,
    RunConfig,
    Runner,
    function_tool,
)
from langchain_core.messages import AnyMessage, HumanMessage
from langchain_core.tools import ToolException
from langchain_core.tools import tool as langchain_tool
from langchain_openai import ChatOpenAI
from openai import AsyncOpenAI
from openai.types.shared import Reasoning
from pydantic_ai import Agent as PydanticAgent
from pydantic_ai import ModelMessage, ModelRetry
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.models.openai import OpenAIResponsesModel as PydanticResponsesModel
from pydantic_ai.providers.openai import OpenAIProvider

INSTRUCTIONS = "Be brief."
MOST_STEPS = 6


class Lost(Exception):
    pass


def seen(place: str) -> str:
    if place == "z":
        raise Lost(f"lost {place}")
    return f"seen {place}"


@dataclass(frozen=True)
class Knobs:
    effort: str | None = None
    temperature: float | None = None
    limit: int | None = None


class Talk(Protocol):
    """A conversation with its own history, whichever model answers next."""

    async def ask(self, model: str, prompt: str) -> str: ...


class OfAgentsSdk:
    def __init__(self, client: AsyncOpenAI, streamed: bool, knobs: Knobs, *, responses: bool) -> None:
        self._client, self._streamed, self._responses = client, streamed, responses
        self._history: list[Any] = []
        include: Any = ["reasoning.encrypted_content"] if responses else None
        effort: Any = knobs.effort
        self._settings = ModelSettings(
            reasoning=Reasoning(effort=effort) if effort else None,
            temperature=knobs.temperature,
            max_tokens=knobs.limit,
            store=False,
            response_include=include,
        )

    async def ask(self, model: str, prompt: str) -> str:
        made: Any = OpenAIResponsesModel if self._responses else OpenAIChatCompletionsModel
        agent = Agent(
            name="a",
            instructions=INSTRUCTIONS,
            tools=[function_tool(look, failure_error_function=lambda _, error: str(error))],
            model=made(model, self._client),
            model_settings=self._settings,
        )
        turns = [*self._history, {"role": "user", "content": prompt}]
        how: Any = {"run_config": RunConfig(tracing_disabled=True), "max_turns": MOST_STEPS}
        if self._streamed:
            run: Any = Runner.run_streamed(agent, turns, **how)
            async for _ in run.stream_events():
                pass
        else:
            run = await Runner.run(agent, turns, **how)
        self._history = run.to_input_list()
        return str(run.final_output)


def look(place: str) -> str:
    """Look at a place."""
    return seen(place)


class OfLangChain:
    def __init__(self, client: AsyncOpenAI, streamed: bool, knobs: Knobs, *, responses: bool) -> None:
        self._streamed = streamed
        self._history: list[AnyMessage] = []
        self._how: dict[str, Any] = {
            "base_url": str(client.base_url),
            "api_key": client.api_key,
            "use_responses_api": responses,
            "stream_usage": True,
            "temperature": knobs.temperature,
            "max_tokens": knobs.limit,
            "max_retries": client.max_retries,
        }
        if responses:
            self._how |= {"store": False, "include": ["reasoning.encrypted_content"], "output_version": "responses/v1"}
        if knobs.effort:
            self._how |= {"reasoning": {"effort": knobs.effort}} if responses else {"reasoning_effort": knobs.effort}

    def ask_by(self, http: httpx.AsyncClient | None) -> None:
        self._how["http_async_client"] = http

    async def ask(self, model: str, prompt: str) -> str:
        @langchain_tool
        def look(place: str) -> str:
            """Look at a place."""
            try:
                return seen(place)
            except Lost as lost:
                raise ToolException(str(lost)) from None

        look.handle_tool_error = True
        bound = ChatOpenAI(model=model, **self._how).bind_tools([look])
        self._history.append(HumanMessage(prompt))
        for _ in range(MOST_STEPS):
            answer: Any = await self._answer(bound)
            self._history.append(answer)
            if not answer.tool_calls:
                return str(answer.text)
            self._history += [await look.ainvoke(call) for call in answer.tool_calls]
        raise AssertionError("the loop has no end")

    async def _answer(self, bound: Any) -> Any:
        if not self._streamed:
            return await bound.ainvoke(self._history)
        answer = None
        async for piece in bound.astream(self._history):
            answer = piece if answer is None else answer + piece
        return answer


class OfPydanticAi:
    def __init__(self, client: AsyncOpenAI, streamed: bool, knobs: Knobs, *, responses: bool) -> None:
        self._provider, self._streamed, self._responses = OpenAIProvider(openai_client=client), streamed, responses
        self._history: list[ModelMessage] = []
        settings = {
            "openai_reasoning_effort": knobs.effort,
            "temperature": knobs.temperature,
            "max_tokens": knobs.limit,
        }
        self._settings: Any = {"openai_store": False, **{name: value for name, value in settings.items() if value}}

    async def ask(self, model: str, prompt: str) -> str:
        made: Any = PydanticResponsesModel if self._responses else OpenAIChatModel
        agent = PydanticAgent(
            made(model, provider=self._provider), instructions=INSTRUCTIONS, model_settings=self._settings
        )

        @agent.tool_plain
        def look(place: str) -> str:
            """Look at a place."""
            try:
                return seen(place)
            except Lost as lost:
                raise ModelRetry(str(lost)) from None

        async def listen(_: Any, events: AsyncIterator[Any]) -> None:
            async for _ in events:
                pass

        run = await agent.run(
            prompt, message_history=self._history, event_stream_handler=listen if self._streamed else None
        )
        self._history = run.all_messages()
        return run.output


FRAMEWORKS = {"Agents SDK": OfAgentsSdk, "LangChain": OfLangChain, "pydantic-ai": OfPydanticAi}


def talk(agent: str, client: AsyncOpenAI, streamed: bool, knobs: Knobs, http: httpx.AsyncClient | None = None) -> Talk:
    """`agent` is a framework and a format: `LangChain, chat`. LangChain makes its own client, which asks by `http`."""
    framework, _, spoken = agent.partition(", ")
    made: Any = FRAMEWORKS[framework]
    conversation: Talk = made(client, streamed, knobs, responses=spoken == "responses")
    if isinstance(conversation, OfLangChain):
        conversation.ask_by(http)
    return conversation


AGENTS = tuple(f"{framework}, {spoken}" for framework in FRAMEWORKS for spoken in ("chat", "responses"))
