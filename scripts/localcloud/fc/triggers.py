"""MNS topic triggers: pages "MNS topic triggers" and "MnsTopicTriggerConfig"."""

import contextlib
import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ..faults import Drop, Fail, Stall
from ..mns.delivery import Message
from ..mns.errors import MnsError, NotExistError
from ..mns.state import MnsState
from ..rewinding import Rewindable
from ..service import Core
from .errors import FcError, invalid
from .resources import Resources, Trigger, placed
from .roles import MNS, Roles
from .settings import Settings

_TOPIC_ARN = re.compile(r"acs:mns:([\w-]*):\d*:/topics/([\w-]+)")
_DEFAULTS = {"notifyContentFormat": "STREAM", "notifyStrategy": "BACKOFF_RETRY", "filterTag": ""}
_CHOICES = {
    "notifyContentFormat": ("STREAM", "JSON"),
    "notifyStrategy": ("BACKOFF_RETRY", "EXPONENTIAL_DECAY_RETRY"),
}
_LONGEST_TAG = 16


class Triggers(Rewindable):
    """Binds functions to topics. `invoke` is called with a service, a function and an event.

    `can_change` is whether a trigger of a function that stands alone (3.0) can be changed.
    """

    def __init__(
        self,
        core: Core,
        resources: Resources,
        roles: Roles,
        mns: MnsState,
        invoke: Callable[[str, str, bytes], object],
    ) -> None:
        self._core = core
        self._resources = resources
        self._roles = roles
        self._mns = mns
        self._invoke = invoke
        self.can_change = False

    def create(self, service: str, function: str, fields: Settings) -> Trigger:
        """Add a trigger and subscribe to its topic. Raises FcError.

        A role that does not exist is no obstacle: its deliveries are refused.
        """
        trigger = self._parse(service, function, fields)
        self._resources.add_trigger(trigger)
        try:
            self._subscribe(trigger)
        except FcError:
            self._resources.remove_trigger(service, function, trigger.name)
            raise
        return trigger

    def update(self, service: str, function: str, name: str, fields: Settings) -> Trigger:
        """Change a trigger of 3.0, if that can be; no other of this type can.

        Raises FcError. That it cannot is told in these words, which the Serverless Devs client
        looks for, and takes for no failure. Guessed: that 3.0 says so too, and that no message is
        lost by a change.
        """
        old = self._resources.trigger(service, function, name)
        if service or not self.can_change:
            raise invalid("Updating trigger is not supported yet.")
        asked = fields.get("triggerConfig")
        changed = replace(
            old,
            settings=old.settings if asked is None else _settings(asked, old.settings),
            invocation_role=_given(fields, "invocationRole", old.invocation_role),
            description=_given(fields, "description", old.description),
            qualifier=_given(fields, "qualifier", old.qualifier),
            modified_at=self._core.clock.now(),
        )
        self._subscribe(changed)
        self._resources.update_trigger(changed)
        return changed

    def delete(self, service: str, function: str, name: str) -> None:
        """Remove a trigger and its subscription. Raises FcError."""
        trigger = self._resources.remove_trigger(service, function, name)
        with contextlib.suppress(KeyError):  # the topic may be gone
            self._mns.unsubscribe(_topic(trigger), _subscription(trigger))

    def _subscribe(self, trigger: Trigger) -> None:
        """Have a trigger's messages, in place of a subscription that it had. Raises FcError."""
        try:
            self._mns.subscribe(
                _topic(trigger),
                _subscription(trigger),
                strategy=trigger.settings["notifyStrategy"],
                push=lambda message: self._push(trigger, message),
                endpoint=self._endpoint(trigger),
                content_format=trigger.settings["notifyContentFormat"],
                filter_tag=trigger.settings["filterTag"],
            )
        except MnsError as error:
            # Guessed: that it is refused, and the code.
            why = f"takes no subscription: {error}"
            if isinstance(error, NotExistError):
                why = "does not exist"
            raise invalid(f"topic '{_topic(trigger)}' {why}") from None

    def _parse(self, service: str, function: str, fields: Settings) -> Trigger:
        if fields.get("triggerType") != "mns_topic":
            raise invalid(f"triggerType must be mns_topic here, not '{fields.get('triggerType')}'")
        arn = str(fields.get("sourceArn"))
        found = _TOPIC_ARN.fullmatch(arn)
        if found is None or found[1] not in ("", self._core.region):
            raise invalid(f"sourceArn must be a topic's ARN in {self._core.region}, not '{arn}'")
        return Trigger(
            service=service,
            function=function,
            name=str(fields.get("triggerName", "")),
            kind="mns_topic",
            settings=_settings(fields.get("triggerConfig"), _DEFAULTS),
            source_arn=arn,
            invocation_role=str(fields.get("invocationRole") or ""),
            description=str(fields.get("description") or ""),
            qualifier=str(fields.get("qualifier") or ""),
            created_at=self._core.clock.now(),
        )

    def _endpoint(self, trigger: Trigger) -> str:
        """The function's ARN: page "Subscribe", of a subscription that pushes to a function.

        Guessed: that the subscription which a trigger makes is just such a one.
        """
        of_service = f"services/{trigger.service}/" if trigger.service else ""
        resource = f"{of_service}functions/{trigger.function}"
        return f"acs:fc:{self._core.region}:{self._core.account_id}:{resource}"

    def _push(self, trigger: Trigger, message: Message) -> bool:
        """Take a message for a function; False if it could not be delivered."""
        subject = placed(trigger.service, trigger.function)
        arn = self._endpoint(trigger)
        try:
            self._roles.check(trigger.invocation_role, MNS, "fc:InvokeFunction", arn)
            return self._deliver(trigger, subject, _event(trigger, message, self._core.account_id))
        except FcError as error:
            self._core.journal.record(
                "fc", "delivery_refused", subject, trigger=trigger.name, reason=error.message
            )
            return False

    def _deliver(self, trigger: Trigger, subject: str, event: bytes) -> bool:
        """The call of InvokeFunction that MNS makes, with whatever fault was ordered for it."""
        fault = self._core.faults.take("fc:InvokeFunction", subject)
        if isinstance(fault, Fail):
            raise FcError(fault.code, fault.message, fault.status)
        if isinstance(fault, Stall):
            self._core.clock.hold(fault.seconds)
        if isinstance(fault, Drop) and not fault.applied:
            return False
        self._invoke(trigger.service, trigger.function, event)
        return not isinstance(fault, Drop)


def _given(fields: Settings, name: str, old: str) -> str:
    """What a field says; null says nothing."""
    return old if fields.get(name) is None else str(fields[name])


def _settings(config: object, others: Settings) -> Settings:
    """The trigger's own settings, `others` where it names none."""
    if not isinstance(config, dict):
        raise invalid("triggerConfig must be an object")
    settings = others | {name: value for name, value in config.items() if value is not None}
    for name, choices in _CHOICES.items():
        if settings[name] not in choices:
            raise invalid(f"{name} must be one of {', '.join(choices)}, not '{settings[name]}'")
    if not isinstance(settings["filterTag"], str) or len(settings["filterTag"]) > _LONGEST_TAG:
        raise invalid(f"filterTag must have at most {_LONGEST_TAG} characters")
    return settings


def _topic(trigger: Trigger) -> str:
    return trigger.source_arn.rpartition("/")[2]


def _subscription(trigger: Trigger) -> str:
    return f"{trigger.name}-{trigger.id[:8]}"


def _event(trigger: Trigger, message: Message, account_id: str) -> bytes:
    """What the function gets of a message, by the trigger's notifyContentFormat."""
    fields: dict[str, Any]
    if trigger.settings["notifyContentFormat"] == "JSON":
        fields = {
            "TopicOwner": account_id,
            "Message": message.body,
            "Subscriber": account_id,
            "PublishTime": round(message.published_at * 1000),
            "SubscriptionName": _subscription(trigger),
            "MessageMD5": message.md5,
            "TopicName": message.topic,
            "MessageId": message.id,
        }
        if message.tag:
            fields["MessageTag"] = message.tag
        fields.update(message.attributes)
    elif message.attributes:
        fields = {"body": message.body, "attrs": dict(message.attributes)}
    else:
        return message.body.encode()
    return json.dumps(fields, ensure_ascii=False).encode()
