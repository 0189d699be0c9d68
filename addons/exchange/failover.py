"""One target after another for one request, as its plan has it: after a failure or a wait, or beside a silent one."""

from collections.abc import Callable
from functools import partial

from addons.exchange import http_api
from addons.exchange.actions import Action
from addons.exchange.faults import Injection, chosen
from addons.exchange.heavy_work import HeavyWork
from addons.exchange.listeners import Listeners
from addons.exchange.observers import AttemptReport, Record
from addons.exchange.provider_side import HEAVY, ProviderSide
from addons.exchange.race import Race
from addons.exchange.request import ClientRequest, Rendering, Turn
from addons.exchange.response import Response
from addons.exchange.services import Services
from routing.faults import Fault
from routing.outcomes import Outcome
from routing.plan import Ask, Plan, Resting, Stop, Wait
from routing.targets import Target
from translators.dialects import Writer


class Failover:
    """Asks the targets of a request, which `begin` gets; `provider` has their events. `store` keeps the answer that a
    writer has rendered."""

    def __init__(
        self,
        services: Services,
        record: Record,
        listeners: Listeners,
        response: Response,
        work: HeavyWork,
        store: Callable[[Writer], None],
    ) -> None:
        self._services, self._record, self._listeners = services, record, listeners
        self._response, self._work = response, work
        self._now = services.clock.now
        self._race = race = Race(services, record, listeners, response)
        self.provider = ProviderSide(services, record, listeners, response, work, race, store, self._elsewhere)
        self._request: ClientRequest | None = None
        self._requested_at = self._now()
        self._resume_at: float | None = None
        """When another target is to be asked, after a wait."""
        self._refusal = http_api.NOBODY
        """What the client is told where no target could be asked at all."""
        self._hedged = False

    def begin(self, request: ClientRequest, turn: Turn, requested_at: float, fault: Fault | None) -> list[Action]:
        """Ask the first target, or refuse the request, which was whole at `requested_at`. `fault` is what its client
        wants to have injected; otherwise configuration may want something."""
        self._request, self._requested_at = request, requested_at
        if request.plan is not None:
            self._record.rests = request.plan.rests
        if isinstance(turn.then, Rendering):
            if fault is None and self._services.faults is not None:
                fault = chosen(self._services.faults, request)
            if fault is not None:
                self._response.injection = Injection(fault, self._now)
                self._record.injected = [fault.text]
        return self._go_on(turn)

    def end(self) -> None:
        """Let go of the request."""
        self._request = None

    # --- time ---

    @property
    def waits(self) -> bool:
        """Return whether a provider is asked, or will be, or the client has not been sent all that there is."""
        return bool(self.provider.attempts) or self._resume_at is not None or self._held_until is not None

    @property
    def _held_until(self) -> float | None:
        """Return until when an injected fault holds back what the client is sent next."""
        injection = self._response.injection
        return None if injection is None else injection.due()

    def due(self) -> list[tuple[float, Callable[[], list[Action]]]]:
        """Return what is to be done when, on the monotonic clock."""
        provider = self.provider
        due: list[tuple[float, Callable[[], list[Action]]]]
        due = [(at, partial(provider.late, what, attempt)) for at, what, attempt in provider.due()]
        if (injection := self._response.injection) is not None:
            due += [(at, injection.release) for at in (injection.due(),) if at is not None]
            due += [(at, provider.inject) for at in (provider.injected_at,) if at is not None]
        if self._resume_at is not None:
            due += [(self._resume_at, self._resume), *self._total_due()]
        if (hedge_at := self._hedge_at()) is not None:
            due.append((hedge_at, self._hedge))
        return due

    def _total_due(self) -> list[tuple[float, Callable[[], list[Action]]]]:
        """Return the deadline of the whole exchange, where no attempt has it."""
        total = self._services.settings.timeouts.total
        return [(self._requested_at + total, self._stop_waiting)] if total else []

    # --- one after another ---

    @property
    def _plan(self) -> Plan:
        assert self._request is not None
        assert self._request.plan is not None
        return self._request.plan

    def _go_on(self, turn: Turn) -> list[Action]:
        """Do what is to be done next."""
        self._report_refusals(turn)
        self._refusal = turn.failure or self._refusal
        match turn.then:
            case Rendering() as rendering:
                self._plan.streams = rendering.streams
                return self.provider.ask(rendering, self._requested_at, self._plan)
            case Wait(seconds):
                self._resume_at = self._now() + seconds
                return []
        return self._give_up()

    def _give_up(self) -> list[Action]:
        """Tell the client that nobody else is to be asked."""
        if self.provider.fallen:
            return self.provider.give_up()
        request = self._request
        if self._record.model is not None and request is not None and request.candidates:
            target = request.candidates[0]
            self._record.provider, self._record.provider_model = target.provider, target.model
        if self._response.begun:
            return self.provider.fail(self._refusal, "no target could be asked")
        return [self._response.refuse(self._refusal)]

    def _elsewhere(self, target: Target, outcome: Outcome) -> list[Action] | None:
        """Ask another target after one has failed; None: nobody else is to be asked."""
        step, request = self._plan.failed(target, outcome, self._now()), self._request
        assert request is not None
        if isinstance(step, Stop | Resting):
            return None
        empty = outcome.kind == "empty"  # such an answer is still better than none
        if request.size > HEAVY and not empty and isinstance(step, Ask):
            self._race.remove_failed(outcome)
            return self._work.start(partial(request.follow, step, self._now()), self._go_on, "request")
        turn = request.follow(step, self._now())
        if not isinstance(turn.then, Rendering) and (empty or not isinstance(turn.then, Wait)):
            self._report_refusals(turn)
            return None
        self._race.remove_failed(outcome)
        return self._go_on(turn)

    def _resume(self) -> list[Action]:
        """Ask another target after a wait."""
        self._resume_at = None
        step, request = self._plan.resume(self._now()), self._request
        assert request is not None
        follow = partial(request.follow, step, self._now())
        if request.size > HEAVY and isinstance(step, Ask):
            return self._work.start(follow, self._go_on, "request")
        return self._go_on(follow())

    def _stop_waiting(self) -> list[Action]:
        self._resume_at = None
        return self._give_up()

    def _report_refusals(self, turn: Turn) -> None:
        """Put the targets that could not carry the request among the attempts."""
        at = self._now() - self._listeners.born
        for target, outcome in turn.refused:
            name, reason = target.credential.name, outcome.reason
            report = AttemptReport(at, target.provider, target.model, name, 0, reason, 0.0, kind=outcome.kind)
            self._record.reports.append(report)

    # --- one beside another ---

    def _hedge_at(self) -> float | None:
        """Return when a second target is to be asked beside the first."""
        after = self._services.settings.hedge_after
        since = self._race.silent_since if after and not self._hedged else None
        return None if since is None else since + after

    def _hedge(self) -> list[Action]:
        """Ask a second target beside the one that is silent, if there is one."""
        self._hedged = True
        request, target = self._request, self._plan.hedge(self._now())
        if target is None:
            return []
        assert request is not None
        beside = partial(request.beside, target, self._now())
        return self._work.start(beside, self._beside, "request") if request.size > HEAVY else self._beside(beside())

    def _beside(self, turn: Turn) -> list[Action]:
        self._report_refusals(turn)
        if not isinstance(turn.then, Rendering):
            return []
        return self.provider.ask(turn.then, self._requested_at, self._plan)
