"""The charges of an exchange: what each provider that was asked has counted, and what that costs.

The answer is one charge. Each attempt before it that its provider had taken up is another: it was dropped, and is
billed all the same. An attempt that was refused with an error status, or never reached its provider, costs nothing.
"""

from addons.exchange.observers import AttemptReport, Charge, Record
from routing.prices import FREE, Cost, PriceList, Tokens
from translators.events import Usage


def tokens_of(usage: Usage) -> Tokens | None:
    """Return usage in buckets that have no token in common. `Usage.input` counts what caches had a part in too. None
    for counts that cannot be."""
    if not usage.possible:
        return None
    uncached = max(0, usage.input - (usage.cache_read or 0) - (usage.cache_write or 0))
    return Tokens(uncached, usage.output, usage.cache_read, usage.cache_write, usage.reasoning)


def charges(record: Record, prices: PriceList) -> tuple[Charge, ...]:
    """Return the charges of an exchange that is over: that of its answer first, there or not, then those that were
    dropped."""
    last = _last_reports(record)
    dropped = [report for report in record.reports if all(report is not each for each in last) and not _free(report)]
    return (_answer(record, last, prices), *(_dropped(report, prices) for report in dropped))


def total(of: tuple[Charge, ...]) -> Cost | None:
    """Return the cost of all charges together, None where any part of it is unknown, or currencies differ."""
    costs = [charge.cost for charge in of]
    known = [cost for cost in costs if cost is not None and cost.whole]
    currencies = {cost.currency for cost in known} - {None}
    if len(known) < len(costs) or len(currencies) > 1:
        return None
    return Cost(sum((cost.amount for cost in known), FREE.amount), next(iter(currencies), None))


def _answer(record: Record, last: list[AttemptReport], prices: PriceList) -> Charge:
    provider, model, credential, usage = record.provider, record.provider_model, None, record.usage
    if last:
        provider, model, credential = _target(last[-1])
        usage = usage or last[-1].usage
    if usage is None and (record.attempts == 0 or (last and all(map(_free, last)))):
        return Charge(provider, model, credential, Tokens(0, 0), FREE)
    tokens = None if usage is None else tokens_of(usage)
    if tokens is None or provider is None or model is None:
        return Charge(provider, model, credential, tokens, None)
    cost = prices.cost(provider, model, tokens, final=record.end == "complete")
    return Charge(provider, model, credential, tokens, cost)


def _last_reports(record: Record) -> list[AttemptReport]:
    """Return the reports that `Record.usage` is the sum of: of the calls that answered, or else of those that failed
    at the last target."""
    answered = [report for report in record.reports if report.reason is None]
    if answered or not record.reports:
        return answered
    target = _target(record.reports[-1])
    return [report for report in record.reports[-record.calls :] if _target(report) == target]


def _target(report: AttemptReport) -> tuple[str, str, str]:
    return report.provider, report.model, report.credential


def _free(report: AttemptReport) -> bool:
    """Return whether an attempt is not billed: it was refused, or never reached its provider."""
    nothing_done = report.status >= 400 or (report.kind is not None and not report.sent)
    return report.usage is None and report.first_event is None and nothing_done


def _dropped(report: AttemptReport, prices: PriceList) -> Charge:
    """Return the charge of an attempt that was cut off: there may be more tokens than it reported."""
    tokens = None if report.usage is None else tokens_of(report.usage)
    cost = None if tokens is None else prices.cost(report.provider, report.model, tokens, final=False)
    return Charge(report.provider, report.model, report.credential, tokens, cost, dropped=True)
