"""The flow of an exchange, as mitmproxy's user interfaces handle it."""

import asyncio

from mitmproxy import options
from mitmproxy.connection import Client, ConnectionState
from mitmproxy.proxy.context import Context

from addons.exchange.exchange import Exchange
from addons.proxy.client_flow import ClientFlow
from addons.proxy.http1 import RequestHead
from tests.addons.proxy.playbook import Clock, Playbook


async def test_a_flow_that_is_killed_while_it_is_intercepted(clock: Clock) -> None:
    """What waits for it goes on, and finds it killed."""
    client = Client(
        peername=("127.0.0.1", 1), sockname=("127.0.0.1", 2), timestamp_start=1.0, state=ConnectionState.OPEN
    )
    services = Playbook(clock).services
    head = RequestHead("GET", "/v1/models", "1.1", (), keep_alive=True)
    shown = ClientFlow(Context(client, options.Options()), head, lambda head, *_: Exchange(services, head))
    shown.flow.intercept()
    waiting = asyncio.create_task(shown.flow.wait_for_resume())
    await asyncio.sleep(0)
    assert not waiting.done()
    shown.flow.kill()
    await asyncio.wait_for(waiting, 20)
    assert shown.killed
    assert not shown.flow.intercepted
