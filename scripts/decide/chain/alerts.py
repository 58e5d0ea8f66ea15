"""The alerts: whether somebody is woken when something goes wrong."""

from collections.abc import Iterator

from scripts.account.alerts import needed
from scripts.account.inventory import ActionPolicy, Recipients, Surrounding, Webhook, alerts
from scripts.account.permission import Permission
from scripts.account.recipients import HOW
from scripts.account.resource import State
from scripts.decide.chain.facts import Chain
from scripts.decide.chain.model import PROVISION, Link, Remark, Standing, changing, not_yet, sound
from scripts.declared import Logs
from scripts.errors import UsageError


def _examine(chain: Chain) -> Iterator[Remark]:
    logs = chain.spec.service.logs
    if logs is None:
        yield not_yet("without logs there are no alerts", "declare logConfig in s.yaml")
        return
    found = [(alert, alert.live()) for alert in alerts(chain.spec, chain.clients)]
    if all(live is None for _, live in found):
        yield not_yet("nobody is woken when something goes wrong: there are no alerts", HOW)
        return
    try:
        wrong = [*_about_recipients(chain, logs)]
    except UsageError as error:
        wrong = [_fault(str(error), HOW)]
    for alert, live in found:
        wrong += _about(alert, live)
    yield from wrong or [sound(f"{len(found)} alerts are on, and somebody is named")]


def _about(resource: Surrounding, live: State | None) -> Iterator[Remark]:
    if live is None:
        yield _fault(f"there is no {resource.kind} {resource.name}")
        return
    for each in changing(resource, live):
        yield each._replace(deploy_goes_on=True)


def _about_recipients(chain: Chain, logs: Logs) -> Iterator[Remark]:
    """Who is named may be known elsewhere: without our variables, that there is somebody."""
    recipients = Recipients.of(chain.settings)
    policy = ActionPolicy(logs, recipients, chain.clients)
    live = policy.live()
    if not recipients and live is not None:
        if not live["actions"]:
            yield _fault(f"the {policy.kind} {policy.name} does nothing")
        return
    yield from _about(policy, live)
    if recipients.webhook:
        webhook = Webhook(logs, recipients, chain.clients)
        yield from _about(webhook, webhook.live())


def _fault(what: str, mend: str = PROVISION) -> Remark:
    """No finding is lost by it, so that a deploy need not wait."""
    return Remark(Standing.FAULT, what, mend, deploy_goes_on=True)


ALERTS = Link(
    "alerts",
    (
        *needed("Get"),
        Permission("log:ListResourceRecords", "acs:log:*:{account}:resource/*"),
    ),
    _examine,
)
