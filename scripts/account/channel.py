"""The Cloud Config delivery channel that publishes findings to the topic."""

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from alibabacloud_config20200907 import models

from scripts.account import channel_filter, just_made, mark
from scripts.account.clients import Clients, asked, calling
from scripts.account.just_made import JustMade
from scripts.account.permission import Permission, on
from scripts.account.resource import Difference, State, Thing, deleting
from scripts.account.rule import LIST_RULES, RISK_LEVEL, Rule
from scripts.declared import Spec
from scripts.errors import TOPIC_UNREACHABLE

LIST_CHANNELS = Permission("config:ListConfigDeliveryChannels")
_DELETE = Permission("config:DeleteConfigDeliveryChannel")

MOST = 5  # in an account; page "CreateConfigDeliveryChannel"


@dataclass(frozen=True)
class ChannelFound:
    """A channel as it is; `condition` has its filters as JSON, `also` what else it delivers."""

    id: str
    name: str
    target: str
    active: bool
    non_compliant: bool
    also: tuple[str, ...]
    condition: str
    oversized: str
    marked: bool

    def lets_through(self, risk_level: int) -> bool | None:
        """Whether a finding of that risk (1 high to 3 low) about a bucket passes.

        None if its filters are of a kind that is not known here.
        """
        return channel_filter.lets_through(self.condition, risk_level)


class Channel(Thing):
    """The channel to the spec's topic: ours, or else one that was there; found by its target.

    If there is none, then ours that still leads to the topic that the spec named before: by mark
    and name, and among topics of the spec's region, since another region may have its own.
    """

    kind = "delivery channel"
    READING = (LIST_CHANNELS, LIST_RULES)
    MAKING = (
        *on("*", "config:CreateConfigDeliveryChannel", "config:UpdateConfigDeliveryChannel"),
        _DELETE,  # of two that two runs made
    )
    REMOVING = (LIST_CHANNELS, _DELETE)

    def __init__(self, spec: Spec, clients: Clients) -> None:
        self.name = spec.name
        self._target = spec.trigger.source_arn
        bucket = spec.oversized_bucket
        self._oversized = f"acs:oss:{spec.region}:{spec.account_id}:{bucket}" if bucket else ""
        self._rule = Rule(spec, clients)
        self._clients = clients

    def found(self) -> ChannelFound | None:
        """The channel; None if there is none to the topic, nor one of ours to another."""
        there = channels(self._clients)
        elsewhere = (each for each in there if self._led_elsewhere(each))
        return self._to_topic(there) or next(elsewhere, None)

    def live(self) -> State | None:
        """What it delivers and what it filters away; None if it is not there."""
        found = self.found()
        if found is None:
            return None
        return _state(
            target=found.target,
            active=found.active,
            non_compliant=found.non_compliant,
            also=found.also,
            condition=found.condition,
            oversized=found.oversized,
        )

    def declared(self) -> State:
        """Findings about buckets, and from a channel of ours nothing else.

        Somebody else's channel goes on delivering whatever it delivers beside them.
        """
        found = self.found()
        adopted = found is not None and not found.marked
        return _state(
            target=self._target,
            active=True,
            non_compliant=True,
            also=found.also if found and adopted else (),
            condition=self._declared_condition(found),
            # No documented call takes the bucket away again.
            oversized=self._oversized or (found.oversized if found else ""),
        )

    def obstacle(self) -> str:
        """Its name is taken, or the account can have no more channels."""
        there = channels(self._clients)
        if self.found():
            return ""
        for each in there:
            if each.name == self.name:
                return (
                    f"the name of the delivery channel {self.name} is taken by one to "
                    f"{each.target}: rename that one, or let it publish to {self._target}"
                )
        if len(there) >= MOST:
            names = ", ".join(each.name or each.id for each in there)
            return (
                f"the account has {len(there)} delivery channels ({names}), and can have {MOST}: "
                "delete one, or ask Alibaba Cloud for more"
            )
        return ""

    def create(self) -> None:
        """Make it, described as ours."""
        request = models.CreateConfigDeliveryChannelRequest(
            delivery_channel_name=self.name,
            delivery_channel_type="MNS",
            delivery_channel_target_arn=self._target,
            delivery_channel_condition=channel_filter.BUCKETS_ONLY,
            description=mark.described("Findings about OSS buckets"),
            non_compliant_notification=True,
            oversized_data_osstarget_arn=self._oversized or None,
        )
        with calling("config:CreateConfigDeliveryChannel", self.name):
            self._clients.config.create_config_delivery_channel(request)
        self._keep_one()

    def change(self, differences: tuple[Difference, ...]) -> None:  # noqa: ARG002  (all are sent)
        """Let it deliver what is declared."""
        found = self.found()
        if found is None:
            self.create()
            return
        also = dict.fromkeys(found.also, not found.marked)
        request = models.UpdateConfigDeliveryChannelRequest(
            delivery_channel_id=found.id,
            delivery_channel_condition=self._declared_condition(found) or None,
            delivery_channel_target_arn=None if found.target == self._target else self._target,
            non_compliant_notification=True,
            oversized_data_osstarget_arn=self._oversized or None,
            status=1,
            **also,
        )
        with calling("config:UpdateConfigDeliveryChannel", self.name):
            self._clients.config.update_config_delivery_channel(request)

    def rests_on(self) -> Iterator[JustMade]:
        """Its topic: Cloud Config tells neither its name nor why it does not reach it."""
        topic = just_made.missed(self._clients, "topic", self._target.rpartition("/")[2])
        yield topic._replace(explains=lambda error: error.code == TOPIC_UNREACHABLE)

    def stays(self) -> str:
        """It has no mark."""
        found = self.found()
        return "" if found and found.marked else mark.NOT_OURS

    def delete(self) -> None:
        """Take ours away."""
        for channel in self._marked():
            self._delete(channel)

    def _read(self) -> ChannelFound | None:
        """The one to the topic: one to another is not to be removed."""
        return self._to_topic(channels(self._clients))

    def _to_topic(self, there: list[ChannelFound]) -> ChannelFound | None:
        return max(
            (each for each in there if each.target == self._target),
            key=lambda each: (each.marked, each.active and each.non_compliant),
            default=None,
        )

    def _led_elsewhere(self, channel: ChannelFound) -> bool:
        topics, _, _ = self._target.rpartition("/")
        return (
            channel.marked
            and channel.name == self.name
            and channel.target != self._target
            and channel.target.startswith(f"{topics}/")
        )

    def _declared_condition(self, found: ChannelFound | None) -> str:
        if found is None or found.marked:
            return channel_filter.BUCKETS_ONLY
        rule = self._rule.found()
        return channel_filter.widened(found.condition, rule.risk_level if rule else RISK_LEVEL)

    def _keep_one(self) -> None:
        """Names of channels need not be unique: of two that two runs made, one is too many."""
        for channel in sorted(self._marked(), key=lambda each: each.id)[1:]:
            self._delete(channel)

    def _marked(self) -> list[ChannelFound]:
        there = channels(self._clients)
        return [each for each in there if each.target == self._target and each.marked]

    def _delete(self, channel: ChannelFound) -> None:
        request = models.DeleteConfigDeliveryChannelRequest(delivery_channel_id=channel.id)
        with deleting("config:DeleteConfigDeliveryChannel", self.name):
            self._clients.config.delete_config_delivery_channel(request)


def channels(clients: Clients) -> list[ChannelFound]:
    """All delivery channels of the account."""
    request = models.ListConfigDeliveryChannelsRequest()
    ask = functools.partial(clients.config.list_config_delivery_channels, request)
    body = asked("config:ListConfigDeliveryChannels", "the account", ask).body
    return [_found(each) for each in body.delivery_channels or ()]


# As requests name them.
_OTHER_DELIVERIES = (
    "compliant_snapshot",
    "configuration_item_change_notification",
    "configuration_snapshot",
)


def _found(each: Any) -> ChannelFound:
    return ChannelFound(
        id=each.delivery_channel_id,
        name=each.delivery_channel_name or "",
        target=each.delivery_channel_target_arn,
        active=each.status == 1,
        non_compliant=bool(each.non_compliant_notification),
        also=tuple(name for name in _OTHER_DELIVERIES if getattr(each, name)),
        condition=each.delivery_channel_condition or "",
        oversized=each.oversized_data_osstarget_arn or "",
        marked=mark.in_description(each.description),
    )


def _state(
    *,
    target: str,
    active: bool,
    non_compliant: bool,
    also: tuple[str, ...],
    condition: str,
    oversized: str,
) -> State:
    return {
        "deliveryChannelTargetArn": target,
        "status": "on" if active else "off",
        "nonCompliantNotification": "on" if non_compliant else "off",
        "furtherDeliveries": ", ".join(also),
        "condition": channel_filter.canonical(condition),
        "oversizedDataOSSTargetArn": oversized,
    }
