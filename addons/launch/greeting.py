"""The lines with which a gateway says that it is up: where it answers, and with which models."""

from collections.abc import Iterator, Sequence

from addons.launch import summary

_SHOWN = 5
Place = tuple[str, int | None]
"""Host and port."""


def greeting(names: Sequence[str], places: Sequence[Place] | None, others: Sequence[str], mode: str) -> Iterator[str]:
    """Yield the lines. `names` are those of models, `places` where the gateway answers, None where nothing listens.
    `others` are modes of mitmproxy's own, `mode` is one that is the gateway's."""
    shown = ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
    if places is None:
        yield "The gateway answers nowhere: no server was wanted (--no-server)."
    elif places:
        at = ", ".join(summary.url(*place) for place in places)
        yield f"The gateway answers at {at} with {shown or 'no model: see config.yaml'}."
    else:
        yield f"The gateway answers nowhere: leave --mode out, or add --mode {mode}."
    for other in others:
        yield f"The mode {other} is mitmproxy's own, and nothing of the gateway."
