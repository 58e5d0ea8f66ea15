"""What is done when an alert fires: an action policy, and whom it names.

They are records of the account, not of a region or a project: page "Data structure of alert
resource data". A record has no description: its name is the mark.
"""

import abc
import functools
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from alibabacloud_sls20201230 import models

from scripts.account import mark
from scripts.account.alerts import action_policy_id
from scripts.account.clients import Clients, asked, calling
from scripts.account.permission import Permission, on
from scripts.account.recipients import Recipients, host_of
from scripts.account.resource import Difference, State, Thing, creating, deleting, find
from scripts.declared import Logs

RecordValue = Mapping[str, Any]

_RECORDS = "acs:log:*:{account}:resource/*"
LIST_RECORDS = Permission("log:ListResourceRecords", _RECORDS)

# Who takes a form of their own: page "Notification methods". All others get JSON by POST.
_KINDS = {
    "oapi.dingtalk.com": "dingtalk",
    "qyapi.weixin.qq.com": "wechat",
    "open.feishu.cn": "lark",
    "open.larksuite.com": "lark",
    "hooks.slack.com": "slack",
}
_CUSTOM = "custom"
_TEMPLATE = "sls.builtin.cn"  # Log Service's own; what it sends to a webhook is JSON


class _Record(Thing):
    """A record: JSON that Log Service keeps under an id."""

    kind: str
    resource: str  # as Log Service calls this type of records
    READING = (LIST_RECORDS,)
    MAKING = on(_RECORDS, "log:CreateResourceRecord", "log:UpdateResourceRecord")
    REMOVING = (LIST_RECORDS, Permission("log:DeleteResourceRecord", _RECORDS))

    def __init__(self, logs: Logs, recipients: Recipients, clients: Clients) -> None:
        self.name = action_policy_id(logs.project)
        self._recipients = recipients
        self._log = clients.alert_records

    @abc.abstractmethod
    def _value(self) -> RecordValue:
        """The record's JSON, as declared."""

    @abc.abstractmethod
    def _state(self, value: RecordValue) -> State:
        """What is compared and shown of such JSON."""

    def live(self) -> State | None:
        """As it is; None if it is not there."""
        found = self._read()
        return None if found is None else self._state(_parsed(found))

    def declared(self) -> State:
        """As it should be."""
        return self._state(self._value())

    def create(self) -> None:
        """Make it."""
        request = models.CreateResourceRecordRequest(body=self._body(self._value()))
        with creating("log:CreateResourceRecord", self._subject):
            self._log.create_resource_record(self.resource, request)

    def change(self, differences: tuple[Difference, ...]) -> None:  # noqa: ARG002  (all is sent)
        """Bring it to what is declared; what else it says stays."""
        found = self._read()
        value = {**_parsed(found), **self._value()} if found else self._value()
        request = models.UpdateResourceRecordRequest(body=self._body(value))
        with calling("log:UpdateResourceRecord", self._subject):
            self._log.update_resource_record(self.resource, self.name, request)

    def stays(self) -> str:
        """It has no mark."""
        found = self._read()
        return "" if found and found.tag == mark.TEXT else mark.NOT_OURS

    def delete(self) -> None:
        """Take it away."""
        request = models.DeleteResourceRecordRequest(ids=self.name)
        with deleting("log:DeleteResourceRecord", self._subject):
            self._log.delete_resource_record(self.resource, request)

    @property
    def _subject(self) -> str:
        return f"{self.resource}/{self.name}"

    def _body(self, value: RecordValue) -> models.ResourceRecord:
        return models.ResourceRecord(id=self.name, tag=mark.TEXT, value=json.dumps(value))

    def _read(self) -> Any:
        # Not by GetResourceRecord, whose answer is told in two forms.
        ask, request = (
            self._log.list_resource_record,
            models.ListResourceRecordRequest(ids=self.name, offset=0, size=1),
        )
        found = find("log:ListResourceRecords", self._subject, lambda: ask(self.resource, request))
        records = (found and found.items) or ()
        return next((record for record in records if record.id == self.name), None)


class Webhook(_Record):
    """The webhook that is called."""

    kind = "alert webhook"
    resource = "sls.alert.action_webhook"

    def _value(self) -> RecordValue:
        address = self._recipients.webhook
        headers = [{"key": "Content-Type", "value": "application/json"}]
        return {
            "id": self.name,
            "name": mark.TEXT,
            "type": webhook_type(address),
            "url": address,
            "method": "POST",
            "headers": headers if webhook_type(address) == _CUSTOM else [],
        }

    def _state(self, value: RecordValue) -> State:
        address = str(value.get("url", ""))
        other = " (another address there)" if address != self._recipients.webhook else ""
        return {
            "to": host_of(address) + other,
            "type": str(value.get("type", "")),
            "method": str(value.get("method", "")),
        }


class Person(_Record):
    """Those who get an e-mail: a user of Log Service's, who is none of RAM's."""

    kind = "alert e-mail"
    resource = "sls.common.user"

    def _value(self) -> RecordValue:
        return {
            "user_id": self.name,
            "user_name": mark.TEXT,
            "email": list(self._recipients.emails),
            "country_code": "",
            "phone": "",
            "enabled": True,
            "sms_enabled": False,
            "voice_enabled": False,
        }

    def _state(self, value: RecordValue) -> State:
        return {
            "to": ", ".join(map(str, value.get("email", ()))),
            "enabled": str(value.get("enabled", "")).lower(),
        }


class ActionPolicy(_Record):
    """What the alerts do: call the webhook, send the e-mail, or both."""

    kind = "alert policy"
    resource = "sls.alert.action_policy"

    def _value(self) -> RecordValue:
        script = "\n".join(self._actions())
        return {
            "action_policy_id": self.name,
            "action_policy_name": mark.TEXT,
            "labels": {},
            "is_default": False,
            "primary_policy_script": script,
            "secondary_policy_script": script,  # must not be empty; never run, as below
            "escalation_start_enabled": False,
            "escalation_start_timeout": "10m",
            "escalation_inprogress_enabled": False,
            "escalation_inprogress_timeout": "30m",
            "escalation_enabled": False,
            "escalation_timeout": "1h",
        }

    def _state(self, value: RecordValue) -> State:
        return {"actions": str(value.get("primary_policy_script", ""))}

    def _actions(self) -> list[str]:
        actions = []
        if self._recipients.webhook:
            actions.append(
                f'fire(type="webhook_integration", '
                f'integration_type="{webhook_type(self._recipients.webhook)}", '
                f'webhook_id="{self.name}", template_id="{_TEMPLATE}", period="any")'
            )
        if self._recipients.emails:
            actions.append(
                f'fire(type="email", users=["{self.name}"], groups=[], oncall_groups=[], '
                f'receiver_type="static", external_url="", external_headers={{}}, '
                f'template_id="{_TEMPLATE}", period="any")'
            )
        return actions


def action_policies(log: Any) -> int:
    """How many action policies are kept where that client asks, whoever made them."""
    request = models.ListResourceRecordRequest(offset=0, size=100)
    ask = functools.partial(log.list_resource_record, ActionPolicy.resource, request)
    return len(asked(LIST_RECORDS.action, ActionPolicy.resource, ask).body.items or ())


def webhook_type(address: str) -> str:
    """What Log Service calls those who listen at an address."""
    return _KINDS.get(urlsplit(address).hostname or "", _CUSTOM)


def _parsed(record: Any) -> RecordValue:
    """The JSON of a record, which may be anybody's; no object is as an empty one."""
    try:
        value = json.loads(record.value or "")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
