"""Shows the exchanges of flow files (mitmproxy's `-r`, *Open* in mitmweb) on the inspector's page."""

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from mitmproxy.http import HTTPFlow

from addons.inspector.recorder import recording_of

if TYPE_CHECKING:
    from addons.inspector.inspector import Inspector

logger = logging.getLogger("gateway")


class FromFiles:
    """An addon of mitmproxy's. `inspector` returns None where there is none."""

    watches = False
    """It wants no flows of its own to be made."""

    def __init__(self, inspector: "Callable[[], Inspector | None]") -> None:
        self._inspector = inspector

    def response(self, flow: HTTPFlow) -> None:
        if flow.error is None:  # else there is the other event, too
            self._take(flow)

    def error(self, flow: HTTPFlow) -> None:
        self._take(flow)

    def _take(self, flow: HTTPFlow) -> None:
        inspector = self._inspector()
        if inspector is None or flow.live:
            return
        try:
            exchange = recording_of(flow)
        except ValueError as error:
            logger.warning("An exchange of a flow file is not on the inspector's page: %s.", error)
            return
        if exchange is not None:
            inspector.watcher.read(exchange)
