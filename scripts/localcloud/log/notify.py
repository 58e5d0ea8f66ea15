"""What an alert's action policy does: calls a webhook, or sends an e-mail.

Page "Notification methods": a webhook is called by POST, is to answer 200 within 5 seconds, and
gets what page "Default alert templates" has for webhooks. Here only those on this machine are
called, and e-mails are put down in the journal.
"""

import json
import re
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from ..service import Core
from .alerts import Firing
from .errors import LogError
from .records import Records

_FIRE = re.compile(r"fire\((.*)\)")
_NAMED = re.compile(r'(\w+)=("[^"]*"|\[[^\]]*\])')
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_PATIENCE = 5
_OK = 200


class Notifier:
    """Tells of alerts, by the records that their action policies name."""

    def __init__(self, core: Core, records: Records) -> None:
        self._core = core
        self._records = records

    def __call__(self, firing: Firing) -> None:
        """Do what the policy says; what became of it is in the journal."""
        policy = firing.rule.settings["configuration"]["policyConfiguration"]["actionPolicyId"]
        try:
            record = self._records.get("sls.alert.action_policy", policy)
            for action in _actions(str(record.fields["primary_policy_script"])):
                self._act(action, firing)
        except LogError as error:
            self._core.journal.record("log", "alerted", firing.rule.name, failed=error.message)

    def _act(self, action: Mapping[str, Any], firing: Firing) -> None:
        """Call, or write to, whom an action names; raises LogError where there is nobody."""
        if action["type"] == "webhook_integration":
            found = self._records.get("sls.alert.action_webhook", action["webhook_id"]).fields
            why = self._call(found, firing)
            to = str(urlsplit(found["url"]).hostname)
        else:
            users = [self._records.get("sls.common.user", id_) for id_ in action["users"]]
            to = ", ".join(each for user in users for each in user.fields["email"])
            why = ""
        self._core.journal.record(
            "log", "alerted", firing.rule.name, by=action["type"], to=to, failed=why
        )

    def _call(self, webhook: Mapping[str, Any], firing: Firing) -> str:
        """Why it could not be called; empty if it was."""
        if urlsplit(webhook["url"]).hostname not in _LOOPBACK:
            return "this cloud calls nobody beyond this machine"
        body = json.dumps(_content(firing, self._core)).encode()
        headers = {each["key"]: each["value"] for each in webhook["headers"]}
        request = urllib.request.Request(  # noqa: S310  (loopback, as was seen)
            webhook["url"], body, headers, method=webhook["method"]
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=_PATIENCE) as answer:
                return "" if answer.status == _OK else f"it answered {answer.status}"
        except urllib.error.HTTPError as error:
            return f"it answered {error.code}"
        except OSError as error:
            return f"it could not be called: {type(error).__name__}"


def _actions(script: str) -> Iterator[dict[str, Any]]:
    """Each `fire(…)` of a script, its arguments by their names."""
    for line in script.splitlines():
        if found := _FIRE.fullmatch(line.strip()):
            yield {name: json.loads(value) for name, value in _NAMED.findall(found[1])}


def _content(firing: Firing, core: Core) -> dict[str, Any]:
    """What is sent to a webhook."""
    settings = firing.rule.settings
    configuration = settings["configuration"]
    row = firing.rows[0]
    notes = {note["key"]: _filled(note["value"], row) for note in configuration["annotations"]}
    return {
        "aliuid": core.account_id,
        "alert_instance_id": uuid.uuid4().hex,
        "alert_id": firing.rule.name,
        "alert_name": settings["displayName"],
        "region": core.region,
        "project": firing.project,
        "alert_time": int(firing.now),
        "fire_time": int(firing.since),
        "resolve_time": 0,
        "status": "firing",
        "results": [{"raw_results": list(firing.rows)}],
        "fire_results": list(firing.rows),
        "fire_results_count": len(firing.rows),
        "labels": dict(firing.labels),
        "annotations": notes,
        "severity": configuration["severityConfigurations"][0]["severity"],
    }


def _filled(text: str, row: Mapping[str, str]) -> str:
    return re.sub(r"\$\{(\w+)\}", lambda found: row.get(found[1], found[0]), text)
