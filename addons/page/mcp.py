"""The MCP server at `/mcp`, for coding agents that look at their own traffic: streamable HTTP, without sessions.

The `mcp` package is imported when somebody asks for the first time: it takes as long to import as the gateway takes to
start.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any, Literal

from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from addons.inspector.reading import Direction
from addons.inspector.recording import MOST_EVENTS
from addons.page.answers import Refused, aside, error, within, written
from addons.page.inspection import Inspection

if TYPE_CHECKING:
    from mcp.server.mcpserver.tools import Tool
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

Client = Literal["chat", "responses", "completions"]
MISSING = "The MCP server needs the package mcp, which is not installed: .venv/bin/pip install mcp, then ask again."
ABOUT = (
    "The exchanges that went through this gateway: what a client sent, what its provider got and answered, what the "
    "client got, and what was lost on the way. Begin with list_exchanges; its query takes words, all of which must be "
    "there, and filters: model:opus provider:anthropic client:ci status:5xx end:failed error:rate_limit note:dropped "
    "notes:yes stream:no duration>2s tokens>1000. A - before one turns it around."
)
LONGEST_ANSWER = 200_000
"""The most characters of an answer: a model reads it."""
LONGEST_TEXT = 20_000
"""The most characters of one text in it, such as a body, unless the agent wants another number."""
MOST_MEMBERS = 4096
"""The most members of a list in it."""
MOST_FIELDS = 64


class Mcp:
    """The application behind the route, from its first request to `stop`."""

    def __init__(self, inspection: Inspection, version: str) -> None:
        self._inspection, self._version = inspection, version
        self._opening = asyncio.Lock()
        self._manager: StreamableHTTPSessionManager | None = None
        self._running: asyncio.Task[None] | None = None

    def route(self) -> Route:
        return Route("/mcp", self, methods=["GET", "POST", "DELETE"])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            manager = await self._managed()
        except ImportError:
            await error(501, MISSING, "not_installed")(scope, receive, send)
            return
        await manager.handle_request(scope, receive, send)

    def stop(self) -> None:
        if self._running is not None:
            self._running.cancel()

    async def _managed(self) -> "StreamableHTTPSessionManager":
        async with self._opening:
            if self._manager is None:
                manager = await aside(self._made)
                up = asyncio.Event()
                self._running = asyncio.get_running_loop().create_task(_run(manager, up))
                await up.wait()
                self._manager = manager
            return self._manager

    def _made(self) -> "StreamableHTTPSessionManager":
        """Import and make the server. Raises `ImportError`."""
        from mcp.server.mcpserver import MCPServer
        from mcp.server.transport_security import TransportSecuritySettings

        tools = _tools(self._inspection)
        server = MCPServer(
            "gateway-inspector", version=self._version, instructions=ABOUT, log_level="CRITICAL", tools=tools
        )
        # Hosts and origins are `access.py`'s.
        security = TransportSecuritySettings(enable_dns_rebinding_protection=False)
        server.streamable_http_app(stateless_http=True, json_response=True, transport_security=security)
        return server.session_manager


async def _run(manager: "StreamableHTTPSessionManager", up: asyncio.Event) -> None:
    with contextlib.suppress(asyncio.CancelledError):
        async with manager.run():
            up.set()
            await asyncio.Event().wait()


async def _told(make: Callable[[], Any], longest: int = LONGEST_TEXT) -> str:
    """Return the JSON of what `make` returns, with the beginnings of texts that are longer. Raises `ToolError`, of
    which the agent is told."""
    from mcp.server.mcpserver.exceptions import ToolError

    try:
        return await aside(lambda: fitted(make(), longest))
    except Refused as refused:
        raise ToolError(refused.message) from None


def fitted(value: Any, longest: int) -> str:
    """Return a value as JSON of at most `LONGEST_ANSWER` characters: with fewer members of lists, and less of texts,
    until it fits."""
    longest, most = max(0, min(longest, LONGEST_ANSWER)), MOST_MEMBERS
    text = written(_shortened(value, longest, most)).decode()
    while len(text) > LONGEST_ANSWER and most > 1:
        longest, most = longest // 2, most // 2
        text = written(_shortened(value, longest, most)).decode()
    return text if len(text) <= LONGEST_ANSWER else written({"too_large": text[: LONGEST_ANSWER // 4]}).decode()


def _shortened(value: Any, longest: int, most: int) -> Any:
    """Return a JSON value with at most so many characters of each text and so many members of each list. An object
    keeps at least those that ours have."""
    match value:
        case dict():
            shown = {name: _shortened(value[name], longest, most) for name in islice(value, max(most, MOST_FIELDS))}
            return shown if len(shown) == len(value) else {**shown, "...": f"{len(value) - len(shown)} more"}
        case list():
            members = [_shortened(each, longest, most) for each in value[:most]]
            return members if len(members) == len(value) else [*members, f"... {len(value) - len(members)} more"]
        case str() if len(value) > longest:
            return f"{value[:longest]} ... {len(value) - longest} more characters"
    return value


def _tools(inspection: Inspection) -> "list[Tool]":
    from mcp.server.mcpserver.tools import Tool
    from mcp.types import ToolAnnotations

    reads = ToolAnnotations(read_only_hint=True, open_world_hint=False)
    # Structured content would be the same once more, and cost its reader as many tokens again.
    asked = [*_reading(inspection), *_making(inspection)]
    tools = [Tool.from_function(tool, structured_output=False, annotations=reads) for tool in asked]
    for tool in tools:
        arguments = tool.fn_metadata.arg_model
        arguments.model_config["extra"] = "forbid"
        arguments.model_rebuild(force=True)
        tool.parameters = arguments.model_json_schema()
        tool.fn = _with_names(tool.fn)
    return tools


def _with_names(tool: Callable[..., Awaitable[str]]) -> Callable[..., Awaitable[str]]:
    """Return a tool whose argument `from`, a word of Python's, comes as `client`."""

    async def called(**given: Any) -> str:
        return await tool(**{"client" if name == "from" else name: value for name, value in given.items()})

    return called


def _reading(inspection: Inspection) -> tuple[Callable[..., Awaitable[str]], ...]:
    async def list_exchanges(query: str = "", limit: int = 20, before: str | None = None) -> str:
        """List recorded exchanges, newest first: id, model, provider, status, tokens, times, notes. `before` is the id
        of the last one of the page before."""
        return await _told(lambda: inspection.listed(query, limit, before))

    async def get_exchange(id: str, events: int = 50, longest: int = LONGEST_TEXT) -> str:
        """Show an exchange: its four messages with headers and bodies, all attempts, notes, times and its first
        `events`. Of a body its beginning of at most `longest` characters."""
        return await _told(lambda: inspection.exchange(id).detail(within("events", events, 0, MOST_EVENTS)), longest)

    async def losses(id: str) -> str:
        """List what was lost or bent between the client and the provider, and why."""
        return await _told(lambda: {"notes": inspection.notes(id)})

    return list_exchanges, get_exchange, losses


def _making(inspection: Inspection) -> tuple[Callable[..., Awaitable[str]], ...]:
    from pydantic import Field

    async def diff(id: str, leg: Direction = "request") -> str:
        """Compare the client's and the provider's side of an exchange, of its `request` or its `answer`."""
        return await _told(lambda: inspection.diff(id, leg))

    async def replay(id: str) -> str:
        """Put the recorded request and the recorded answer through today's code and configuration, calling nobody, and
        list what differs from then."""
        return await _told(lambda: {k: v for k, v in inspection.replayed(id).items() if k != "now"})

    async def convert(
        body: dict[str, Any] | str,
        to: str,
        client: Annotated[Client, Field(alias="from")] = "chat",
        model: str | None = None,
        answer: str | None = None,
    ) -> str:
        """Convert a request of the dialect `from` to the provider dialect `to` (anthropic, gemini, bedrock, openai,
        openai-responses, openai-completions, ollama, vertex-anthropic), and a provider's `answer` to it back. Calls
        nobody."""
        wanted = {"from": client, "to": to, "body": body, "model": model, "answer": answer}
        return await _told(lambda: inspection.converted(wanted))

    return diff, replay, convert
