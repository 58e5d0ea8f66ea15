"""Send one alert through, to see that somebody would be woken.

Writes a line to the log store that only the alert for tests looks for: it is no audit line, and
nothing that reads those counts it. Then follows Log Service's own record of the alert until it has
fired and was handed over to be sent. Whether it arrived only its recipient can say.

Fails (exit code 1) when it does not fire in time, or cannot be handed over.
"""

import argparse
import json
import os
import sys
import time
import uuid
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from scripts.account.alert_rules import MESSAGE, TEST, TEST_EVENT, alert_rules
from scripts.account.alerts import HISTORY
from scripts.account.audit_trail import SKEW
from scripts.account.clients import Credentials, calling
from scripts.account.permission import Permission
from scripts.account.recipients import HOW
from scripts.account.surroundings import Alert, Recipients
from scripts.context import Situation, Verb, start
from scripts.declared import Logs, dotenv
from scripts.errors import CloudError, Problem
from scripts.patience import Progress, wait
from scripts.terminal import Exit

_STORES = "acs:log:{region}:{account}:project/*/logstore/*"

VERB = Verb(
    "test-alert",
    __doc__ or "",
    (
        Permission("log:GetAlert"),
        Permission("log:PostLogStoreLogs", _STORES),
        Permission("log:GetLogStoreLogs", _STORES),
    ),
)

# Seconds: the alert is checked each minute, and what is written is found within some more.
_TIMEOUT = 300.0
# Until the project's first alert was checked, there is nothing to look into.
_NOT_YET = ("LogStoreNotExist", "IndexConfigNotExist")


class Check(NamedTuple):
    """What Log Service says of the check that found the line: was it handed over; if not, why."""

    handed_over: bool
    reason: str


def main(
    arguments: Sequence[str], environ: Mapping[str, str], credentials: Credentials | None = None
) -> int:
    """Test as the command line says; gives the exit code."""
    return start(
        VERB,
        _test,
        arguments,
        environ,
        credentials,
        add_options=_add_options,
        rule_id_known=False,
    )


def _add_options(options: argparse.ArgumentParser) -> None:
    options.add_argument(
        "--timeout", type=float, default=_TIMEOUT, metavar="SECONDS", help="default: %(default)s"
    )


def _test(situation: Situation) -> Exit:
    console, spec = situation.console, situation.spec
    logs, alert = _alert(situation)
    to = _recipients(situation)
    if console.dry_run:
        console.say(f"would write a test line to {logs.project}/{logs.logstore}, for {alert.name}")
        console.answer({"alert": alert.name, "test_id": None, "fired": None, "handed_over": None})
        return Exit.DONE
    test_id = uuid.uuid4().hex
    _write(situation, logs, test_id)
    console.say(f"wrote test line {test_id} to {logs.project}/{logs.logstore}")
    check = _follow(situation, logs, test_id)
    console.answer(
        {
            "account_id": spec.account_id,
            "region": spec.region,
            "alert": alert.name,
            "test_id": test_id,
            "fired": check is not None,
            "handed_over": check is not None and check.handed_over,
            "reason": check.reason if check else "",
        }
    )
    if check is None:
        within = f"{situation.options.timeout:g} s"
        console.say(f"{alert.name} did not fire within {within}: `make doctor` looks why", "red")
        return Exit.PROBLEM
    if not check.handed_over:
        console.say(f"{alert.name} fired, and was not sent: {check.reason or 'no reason'}", "red")
        return Exit.PROBLEM
    console.say(f"{alert.name} fired and was handed over; see that it came to {to}", "green")
    return Exit.DONE


def _alert(situation: Situation) -> tuple[Logs, Alert]:
    """The alert for tests, which is there and on."""
    logs = situation.spec.service.logs
    if logs is None:
        raise Problem("without logs there are no alerts: declare logConfig in s.yaml")
    alert = Alert(alert_rules(situation.spec)[TEST], logs, situation.clients)
    live = alert.live()
    if live is None:
        raise Problem(f"there is no alert {alert.name}: {HOW}")
    if live["status"] != alert.declared()["status"]:
        raise Problem(f"the alert {alert.name} is switched off: `make provision` switches it on")
    return logs, alert


def _recipients(situation: Situation) -> str:
    path = situation.options.spec.parent / ".env"
    recipients = Recipients.of(dotenv.environment(path, situation.environ))
    return recipients.shown() if recipients else "whoever its action policy names"


def _write(situation: Situation, logs: Logs, test_id: str) -> None:
    from alibabacloud_sls20201230 import models  # noqa: PLC0415  (a slow import)

    line = json.dumps({"event": TEST_EVENT, "test_id": test_id})
    item = models.LogItem(
        time=int(time.time()), contents=[models.LogContent(key=MESSAGE, value=line)]
    )
    group = models.LogGroup(log_items=[item], topic=TEST_EVENT, source="")
    with calling("log:PostLogStoreLogs", f"{logs.project}/{logs.logstore}"):
        situation.clients.log.put_logs(
            logs.project, logs.logstore, models.PutLogsRequest(body=group)
        )


def _follow(situation: Situation, logs: Logs, test_id: str) -> Check | None:
    """What became of the line; None if the alert did not fire in time."""
    found: list[Check] = []

    def look() -> Progress:
        found[:] = _checks(situation, logs, test_id)
        return Progress("it fired" if found else "waiting for the alert to fire", bool(found))

    wait(look, situation.console, situation.options.timeout)
    return found[0] if found else None


def _checks(situation: Situation, logs: Logs, test_id: str) -> list[Check]:
    """The checks that fired for the line. Page "Fields in alert rule evaluation logs"."""
    from alibabacloud_sls20201230 import models  # noqa: PLC0415  (a slow import)

    now, skew = int(time.time()), int(SKEW.total_seconds())
    request = models.GetLogsV2Request(query=f'"{test_id}"', from_=now - skew, to=now + skew)
    try:
        with calling("log:GetLogStoreLogs", f"{logs.project}/{HISTORY}"):
            body = situation.clients.log.get_logs_v2(logs.project, HISTORY, request).body
    except CloudError as error:
        if error.code in _NOT_YET:
            return []
        raise
    return [
        Check(log.get("NotifyStatus") == "Success", log.get("Reason", ""))
        for log in body.data or ()
        if log.get("Fired") == "true"
    ]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
