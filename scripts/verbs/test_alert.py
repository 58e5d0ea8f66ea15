"""Send one alert through, to see that somebody would be woken.

Writes a line to the log store that only the alert for tests looks for: it is no audit line, and
nothing that reads those counts it. Then follows Log Service's own record of the alert until it has
fired and was handed over to be sent. Whether it arrived only its recipient can say.

Fails (exit code 1) when it does not fire in time, or cannot be handed over.
"""

import uuid
from dataclasses import dataclass
from typing import Annotated

from cyclopts import Parameter

from scripts.account.alert_rules import TEST, alert_rules
from scripts.account.alerts import AlertCheck, checks_of_test, write_test
from scripts.account.audit_trail import SEARCH
from scripts.account.inventory import Alert, Recipients
from scripts.account.log_line import WRITE_LINE
from scripts.account.recipients import HOW
from scripts.context import LONGEST, Acting, Context, Ended, Verb, finite
from scripts.declared import Logs, dotenv
from scripts.errors import Problem
from scripts.patience import Progress, wait
from scripts.terminal import Exit

# Seconds: the alert is checked each minute, and what is written is found within some more.
_TIMEOUT = 300.0


@dataclass(frozen=True, kw_only=True)
class Options(Acting):
    """What it takes."""

    timeout: Annotated[
        float, Parameter(help=f"default: {_TIMEOUT:g}", converter=finite(0, LONGEST)), "SECONDS"
    ] = _TIMEOUT


@dataclass(frozen=True)
class Report:
    """What became of a test; None as long as none was written."""

    alert: str
    test_id: str | None = None
    fired: bool | None = None
    handed_over: bool | None = None
    reason: str = ""


def _test(context: Context) -> Ended:
    console = context.console
    logs, alert = _alert(context)
    to = _recipients(context)
    if console.dry_run:
        console.say(f"would write a test line to {logs.project}/{logs.logstore}, for {alert.name}")
        return Ended(Exit.DONE, Report(alert.name))
    test_id = uuid.uuid4().hex
    write_test(context.clients, logs, test_id)
    console.say(f"wrote test line {test_id} to {logs.project}/{logs.logstore}")
    check = _follow(context, logs, test_id)
    handed_over = check is not None and check.handed_over
    reason = check.reason if check else ""
    report = Report(alert.name, test_id, check is not None, handed_over, reason)
    if check is None:
        within = f"{context.options.timeout:g} s"
        console.say(
            f"{alert.name} did not fire within {within}: `resource-repair doctor` looks why", "red"
        )
        return Ended(Exit.PROBLEM, report)
    if not check.handed_over:
        console.say(f"{alert.name} fired, and was not sent: {check.reason or 'no reason'}", "red")
        return Ended(Exit.PROBLEM, report)
    console.say(f"{alert.name} fired and was handed over; see that it came to {to}", "green")
    return Ended(Exit.DONE, report)


def _alert(context: Context) -> tuple[Logs, Alert]:
    """The alert for tests, which is there and on."""
    logs = context.spec.logs
    if logs is None:
        raise Problem("without logs there are no alerts: declare logConfig in s.yaml")
    alert = Alert(alert_rules(context.spec)[TEST], logs, context.clients)
    live = alert.live()
    if live is None:
        raise Problem(f"there is no alert {alert.name}: {HOW}")
    if live["status"] != alert.declared()["status"]:
        raise Problem(
            f"the alert {alert.name} is switched off: `resource-repair provision` switches it on"
        )
    return logs, alert


def _recipients(context: Context) -> str:
    path = context.options.spec.parent / ".env"
    recipients = Recipients.of(dotenv.environment(path, context.environ))
    return recipients.shown() if recipients else "whoever its action policy names"


def _follow(context: Context, logs: Logs, test_id: str) -> AlertCheck | None:
    """What became of the line; None if the alert did not fire in time."""
    found: list[AlertCheck] = []

    def look() -> Progress:
        found[:] = checks_of_test(context.clients, logs, test_id)
        return Progress("it fired" if found else "waiting for the alert to fire", bool(found))

    wait(look, context.console, context.options.timeout)
    return found[0] if found else None


VERB = Verb(
    "test-alert",
    __doc__ or "",
    (*Alert.READING, WRITE_LINE, SEARCH),
    Options,
    _test,
    rule_id_known=False,
)
