"""The alerts: whether somebody is woken when something goes wrong."""

from collections.abc import Iterator

from scripts.account.recipients import HOW, Recipients
from scripts.decide.chain.facts import Facts, Seen, known
from scripts.decide.chain.model import PROVISION, Link, Remark, Standing, changing, note, sound
from scripts.errors import UsageError


def _examine(facts: Facts) -> Iterator[Remark]:
    if facts.spec.service.logs is None:
        yield note("without logs there are no alerts", "declare logConfig in s.yaml")
        return
    found = known(facts.alerts)
    if all(alert.live is None for alert in found):
        yield _none(facts)
        return
    try:
        wrong = [*_about_recipients(facts)]
    except UsageError as error:
        wrong = [_fault(str(error), HOW)]
    for alert in found:
        wrong += _about(alert)
    yield from wrong or [sound(f"{len(found)} alerts are on, and somebody is named")]


def _none(facts: Facts) -> Remark:
    """That there are none: no fault of an account whose owner never named anybody."""
    what = "nobody is woken when something goes wrong: there are no alerts"
    try:
        return _fault(what) if Recipients.of(facts.settings) else note(what, HOW)
    except UsageError as error:
        return _fault(str(error), HOW)


def _about(seen: Seen) -> Iterator[Remark]:
    if seen.live is None:
        yield _fault(f"there is no {seen.kind} {seen.name}")
        return
    for each in changing(seen):
        yield each._replace(deploy_goes_on=True)


def _about_recipients(facts: Facts) -> Iterator[Remark]:
    """Who is named may be known elsewhere: without our variables, that there is somebody."""
    recipients = Recipients.of(facts.settings)
    policy = known(facts.alert_policy)
    if not recipients and policy.live is not None:
        if not policy.live["actions"]:
            yield _fault(f"the {policy.kind} {policy.name} does nothing")
        return
    yield from _about(policy)
    if recipients.webhook:
        yield from _about(known(facts.webhook))


def _fault(what: str, mend: str = PROVISION) -> Remark:
    """No finding is lost by it, so that a deploy need not wait."""
    return Remark(Standing.FAULT, what, mend, deploy_goes_on=True)


ALERTS = Link("alerts", ("alerts", "alert_policy", "webhook"), _examine)
