"""The trigger, by which a topic calls the function: how it is read, made, and taken away."""

import json
from collections.abc import Iterator
from typing import Any, Protocol

from alibabacloud_fc_open20210406 import models

from scripts.account.clients import Clients, calling
from scripts.account.permission import Permission
from scripts.account.resource import FC_PAGE, Difference, State, deleting, find, read, token_pages
from scripts.declared import Spec

# What making and deleting a trigger of a topic takes beside its own action, by the least
# permissions of the Serverless Devs client.
SUBSCRIBING = (Permission("mns:Subscribe"), Permission("mns:Unsubscribe"))


class Trigger:
    """The trigger, a subscription of the topic."""

    kind = "trigger"

    def __init__(self, spec: Spec, clients: Clients) -> None:
        self.name = spec.trigger.name
        self._service = spec.service.name
        self._function = spec.function.name
        self._wanted = spec.trigger
        self._fc = clients.fc

    def live(self) -> State | None:
        """What is live, by the fields that are compared; None if it is not there."""

        def trigger() -> State:
            body = self._fc.get_trigger(self._service, self._function, self.name).body
            config = json.loads(body.trigger_config or "{}")
            return {
                **self._state(body.trigger_type, body.source_arn, body.invocation_role, config),
                "qualifier": "" if body.qualifier == "LATEST" else body.qualifier or "",
            }

        return read("fc:GetTrigger", self.name, trigger)

    def declared(self) -> State:
        """What s.yaml declares, by the same fields."""
        wanted = self._wanted
        return self._state("mns_topic", wanted.source_arn, wanted.role_arn, self._config())

    def _state(self, kind: str, source: str, role: str, config: dict[str, str]) -> State:
        # The topic and its region are in the source's ARN; the live configuration may lack them.
        return {
            "type": kind,
            "sourceArn": source or "",
            "role": (role or "").lower(),
            "notifyContentFormat": config.get("notifyContentFormat", ""),
            "notifyStrategy": config.get("notifyStrategy", ""),
            "filterTag": config.get("filterTag", ""),
        }

    def _config(self) -> dict[str, str]:
        config = {
            "topicName": self._wanted.topic,
            "region": self._wanted.region,
            "notifyContentFormat": self._wanted.content_format,
            "notifyStrategy": self._wanted.strategy,
            "filterTag": self._wanted.filter_tag,
        }
        return {name: value for name, value in config.items() if value}

    def create(self) -> None:
        """Make it."""
        request = models.CreateTriggerRequest(
            trigger_name=self.name,
            trigger_type="mns_topic",
            trigger_config=json.dumps(self._config()),
            invocation_role=self._wanted.role_arn,
            source_arn=self._wanted.source_arn,
        )
        with calling("fc:CreateTrigger", self.name):
            self._fc.create_trigger(self._service, self._function, request)

    def change(self, differences: tuple[Difference, ...]) -> None:  # noqa: ARG002  (made anew)
        """Replace it: to change one of this type "is not supported yet", says Function Compute."""
        with calling("fc:DeleteTrigger", self.name):
            self._fc.delete_trigger(self._service, self._function, self.name)
        self.create()


class _Called(Protocol):
    """The function that it calls."""

    def ours(self) -> bool:
        """Whether it is there, and described as in the spec."""
        ...


class RemovableTrigger:
    """The trigger. It is known by its name, and by whose the function is."""

    kind = "trigger"

    def __init__(self, spec: Spec, clients: Clients, function: _Called) -> None:
        self.name = spec.trigger.name
        self._place = (spec.service.name, spec.function.name, spec.trigger.name)
        self._function = function
        self._fc = clients.fc

    def there(self) -> bool:
        """Whether it is there."""
        get = self._fc.get_trigger
        return find("fc:GetTrigger", self.name, lambda: get(*self._place)) is not None

    def stays(self) -> str:
        """The function may be another one."""
        return "" if self._function.ours() else "the function that it calls may be somebody else's"

    def delete(self) -> None:
        """Take it away."""
        with deleting("fc:DeleteTrigger", self.name):
            self._fc.delete_trigger(*self._place)


def triggers_of(spec: Spec, clients: Clients) -> Iterator[Any]:
    """Every trigger of the function; none if it is not there."""
    service, function = spec.service.name, spec.function.name

    def page(token: str | None) -> Any:
        request = models.ListTriggersRequest(limit=FC_PAGE, next_token=token)
        return clients.fc.list_triggers(service, function, request)

    return token_pages("fc:ListTriggers", function, page, lambda body: body.triggers)


def delete_trigger(clients: Clients, service: str, function: str, name: str) -> None:
    """Take a trigger away, whoever made it; one that is gone already is no error."""
    with deleting("fc:DeleteTrigger", name):
        clients.fc.delete_trigger(service, function, name)
