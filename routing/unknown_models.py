"""The errors for models that are not served, and what their clients can do about it."""

import difflib
from bisect import bisect
from collections.abc import Collection, Mapping
from functools import cached_property

from routing.config import Skipped, shortened
from routing.settings import Settings
from routing.targets import Offer

_SHOWN = 100
_LISTED = 10
_COMPARED = 300
"""The most names that a name is compared with, each of which may take 50 microseconds."""


class UnknownModel(Exception):
    """The error for a `model` that no entry serves; the name is cut. `str()` is for the client: names that are close,
    variables that would switch it on, models that work now."""

    def __init__(
        self,
        model: str,
        close: tuple[str, ...],
        variables: tuple[str, ...],
        working: tuple[str, ...],
        off: str | None = None,
    ) -> None:
        self.close, self.variables, self.working = close, variables, working
        model = _printable(model)
        sentences = [f'The model "{model}" is not served by this gateway.']
        if off is not None:
            sentences = [f'The model "{model}" is switched off: {off}.']
        elif variables:
            unset = " and ".join(variables)
            sentences = [
                f'The model "{model}" is switched off: set {unset} in the .env of the gateway, '
                "or in its environment and restart it."
            ]
        elif close:
            sentences.append("Did you mean " + " or ".join(f'"{name}"' for name in close) + "?")
        sentences.append(f"Models that work now: {shortened(working, _LISTED)}." if working else "No model works now.")
        super().__init__(" ".join(sentences))


class ForbiddenModel(UnknownModel):
    """The error for a `model` that the client's key may not use, whether it is served or not."""

    def __init__(self, key_name: str, model: str, working: tuple[str, ...]) -> None:
        super().__init__(model, (), (), working)
        model = _printable(model)
        may = f"It may use {shortened(working, _LISTED)}." if working else "No model works now that it may use."
        self.args = (
            f'The key "{key_name}" may not use the model "{model}" (models of that key under api-keys). {may}',
        )


class Explanations:
    """Explains why a name is not served: which names are close to it, which entries that are off would serve it."""

    def __init__(
        self, settings: Settings, skipped: tuple[Skipped, ...], known_models: Mapping[str, tuple[str, ...]]
    ) -> None:
        self._settings, self._skipped, self._known = settings, skipped, known_models

    def unknown(self, model: str, working: tuple[str, ...], *, embedded: bool) -> UnknownModel:
        """Return the error for a name. `working` are those that its client may use; `embedded`: the local model is
        there."""
        by_lower = {name.lower(): name for name in reversed(working)}
        close = _close(_printable(model).lower(), by_lower)
        similar = tuple(by_lower[name] for name in close)
        off = None if embedded else self._embedded_off(model)
        return UnknownModel(model, similar, self._switches(model), working, off)

    def _embedded_off(self, model: str) -> str | None:
        """Return why the local model does not answer to its name."""
        wanted = self._settings.embedded
        if model != wanted.alias:
            return None
        if not wanted.enable:
            return "embedded.enable is false in config.yaml"
        return "the packages of the embedded model are not installed; the gateway's start says how to get them"

    @cached_property
    def _off(self) -> tuple[tuple[Offer, tuple[str, ...]], ...]:
        """Return what the entries that are off would offer, and the variables that they wait for."""
        forced = self._settings.force_model_prefix
        return tuple(
            (Offer(off.entry, self._known, forced=forced), off.variables) for off in self._skipped if off.entry
        )

    def _switches(self, model: str) -> tuple[str, ...]:
        """Return the variables that would make an entry serve `model` that is off."""
        return next((variables for offer, variables in self._off if offer.targets(model)), ())


def _printable(model: str) -> str:
    """Return a client's text for a model, fit for a message."""
    shown = "".join(each if each.isprintable() else "?" for each in model[:_SHOWN])
    return shown + ("..." if len(model) > _SHOWN else "")


def _close(name: str, names: Collection[str]) -> list[str]:
    """Return the names that are most like the one that was asked for: of many those are compared that begin alike."""
    if len(names) > _COMPARED:
        names = sorted(names)
        at = bisect(names, name)
        names = names[max(0, at - _COMPARED // 2) : at + _COMPARED // 2]
    return difflib.get_close_matches(name, names, 3, 0.6)
