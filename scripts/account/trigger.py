"""The trigger, by which a topic calls the function: how it is read, made, and taken away."""

import json
from collections.abc import Iterator
from typing import Any

from alibabacloud_fc_open20210406 import models

from scripts.account import just_made
from scripts.account.clients import Clients, calling
from scripts.account.function import Function
from scripts.account.just_made import JustMade
from scripts.account.permission import Permission, on
from scripts.account.resource import Difference, State, Thing, deleting, find
from scripts.account.role import just_made_role
from scripts.account.subscribers import Whose, whose
from scripts.account.topic import LIST_SUBSCRIPTIONS, subscriptions
from scripts.declared import Spec
from scripts.errors import CloudError

GET_TRIGGER = Permission("fc:GetTrigger")
# Making and deleting a trigger of a topic takes two more than its own action, by the least
# permissions of the Serverless Devs client.
_DELETE = on("*", "fc:DeleteTrigger", "mns:Subscribe", "mns:Unsubscribe")

SUBSCRIPTION = "subscription"
_TO_THE_FUNCTION = "to the function"


class Trigger(Thing):
    """The trigger, a subscription of the topic: known by its name, and by whose the function is."""

    kind = "trigger"
    READING = (GET_TRIGGER, LIST_SUBSCRIPTIONS)
    MAKING = (Permission("fc:CreateTrigger"), *_DELETE)
    REMOVING = (GET_TRIGGER, *Function.READING, *_DELETE)

    def __init__(self, spec: Spec, clients: Clients) -> None:
        self.name = spec.trigger.name
        self._place = (spec.service.name, spec.function.name, spec.trigger.name)
        self._called = Function(spec, clients)
        self._spec = spec
        self._wanted = spec.trigger
        self._clients = clients

    def live(self) -> State | None:
        """What is live, by the fields that are compared; None if it is not there."""
        found = self._read()
        if found is None:
            return None
        config = json.loads(found.trigger_config or "{}")
        return {
            **self._state(found.trigger_type, found.source_arn, found.invocation_role, config),
            SUBSCRIPTION: self._subscription(found.source_arn),
            "qualifier": "" if found.qualifier == "LATEST" else found.qualifier or "",
        }

    def declared(self) -> State:
        """What s.yaml declares, by the same fields."""
        wanted = self._wanted
        state = self._state("mns_topic", wanted.source_arn, wanted.role_arn, self._config())
        return {**state, SUBSCRIPTION: _TO_THE_FUNCTION}

    def _subscription(self, source_arn: str) -> str:
        """Where its subscription leads: somebody can take that away, and leave the trigger.

        Of another topic, or one that is not there, nothing is told: it is not for that.
        """
        if source_arn != self._wanted.source_arn:
            return _TO_THE_FUNCTION
        try:
            there = list(subscriptions(self._clients, self._wanted.topic))
        except CloudError as error:
            if not error.not_there:
                raise
            return _TO_THE_FUNCTION
        whom = {whose(each.endpoint or "", self._spec) for each in there}
        return _TO_THE_FUNCTION if whom & {Whose.OURS, Whose.UNCLEAR} else "lost"

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
            "filterTag": "",  # Cloud Config's messages bear none
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
            self._clients.fc.create_trigger(*self._place[:2], request)

    def rests_on(self) -> Iterator[JustMade]:
        """Its role and its topic."""
        yield just_made_role(self._clients, self._wanted.role_arn.rpartition("/")[2])
        yield just_made.missed(self._clients, "topic", self._wanted.topic)

    def change(self, differences: tuple[Difference, ...]) -> None:  # noqa: ARG002  (made anew)
        """Replace it: to change one of this type "is not supported yet", says Function Compute."""
        with calling("fc:DeleteTrigger", self.name):
            self._clients.fc.delete_trigger(*self._place)
        self.create()

    def stays(self) -> str:
        """The function may be another one."""
        return "" if self._called.ours() else "the function that it calls may be somebody else's"

    def delete(self) -> None:
        """Take it away."""
        delete_trigger(self._clients, *self._place)

    def _read(self) -> Any:
        get = self._clients.fc.get_trigger
        return find("fc:GetTrigger", self.name, lambda: get(*self._place))


def delete_trigger(clients: Clients, service: str, function: str, name: str) -> None:
    """Take a trigger away, whoever made it; one that is gone already is no error."""
    with deleting("fc:DeleteTrigger", name):
        clients.fc.delete_trigger(service, function, name)
