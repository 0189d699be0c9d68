"""Writes flows to a file (`-w`), whose disk may be full.

mitmproxy ends the process when it cannot write one, and with it every answer that is under way.
"""

import contextlib
import logging

from mitmproxy import ctx, flow
from mitmproxy.addons.save import Save

logger = logging.getLogger("gateway")


def forgive(save: object) -> None:
    """Make mitmproxy's addon give up a file that cannot be written, and say so."""
    if type(save) is Save:
        save.__class__ = Forgiving


class Forgiving(Save):
    def save_flow(self, flow: flow.Flow) -> None:
        if self.stream is None:
            return
        try:
            self.maybe_rotate_to_new_file()
            self.stream.add(flow)
        except OSError as error:
            self._give_up(error)
        else:
            self.active_flows.discard(flow)

    def done(self) -> None:
        try:
            super().done()
        except OSError as error:
            self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        logger.error("%s cannot be written: %s. No more flows go there.", self.current_path, error.strerror or error)
        stream, self.stream, self.current_path = self.stream, None, None
        self.active_flows.clear()
        if stream is not None:
            with contextlib.suppress(OSError):
                stream.fo.close()
        if ctx.options.save_stream_file:
            ctx.options.update(save_stream_file=None)
