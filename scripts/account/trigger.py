"""The trigger, by which a topic calls the function: how it is read, made, and taken away."""

from collections.abc import Iterator, Mapping

from scripts.account import just_made
from scripts.account.clients import Clients
from scripts.account.compute import compute
from scripts.account.compute.port import LiveTrigger
from scripts.account.function import Function
from scripts.account.just_made import JustMade
from scripts.account.permission import Permission, on
from scripts.account.resource import Difference, State, Thing, Verdict
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
        self._compute = compute(spec, clients)
        self._called = Function(spec, clients)
        self._spec = spec
        self._wanted = spec.trigger
        self._clients = clients

    def live(self) -> State | None:
        """What is live, by the fields that are compared; None if it is not there."""
        found = self._read()
        if found is None:
            return None
        return {
            **self._state(found.kind, found.source_arn, found.role, found.config),
            SUBSCRIPTION: self._subscription(found.source_arn),
            "qualifier": found.qualifier,
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

    def _state(self, kind: str, source: str, role: str, config: Mapping[str, str]) -> State:
        # The topic and its region are in the source's ARN; the live configuration may lack them.
        return {
            "type": kind,
            "sourceArn": source,
            "role": role.lower(),
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
        self._compute.create_trigger(self._config())

    def rests_on(self) -> Iterator[JustMade]:
        """Its role and its topic."""
        yield just_made_role(self._clients, self._wanted.role_arn.rpartition("/")[2])
        yield just_made.missed(self._clients, "topic", self._wanted.topic)

    def amounts_to(self, differences: tuple[Difference, ...]) -> Verdict:
        """What `change` does where it differs so."""
        return self._compute.amounts_to(differences)

    def warning(self, verdict: Verdict) -> str:
        """What may be missed meanwhile."""
        return self._compute.warning(verdict)

    def change(self, differences: tuple[Difference, ...]) -> None:
        """Bring it to what is declared; where that is not to be had, replace it."""
        self._compute.change_trigger(self._config(), differences)

    def stays(self) -> str:
        """The function may be another one."""
        return "" if self._called.ours() else "the function that it calls may be somebody else's"

    def delete(self) -> None:
        """Take it away."""
        self._compute.delete_trigger(self.name)

    def _read(self) -> LiveTrigger | None:
        return self._compute.trigger()
