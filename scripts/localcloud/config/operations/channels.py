"""Operations on delivery channels."""

# ruff: noqa: D102  (what each does is on its page)

from dataclasses import replace
from typing import Any

from ...pop import Answer, Call
from ...service import Core
from ..channels import Channel
from ..state import ConfigState

_OTHER_DELIVERIES = (
    "CompliantSnapshot",
    "ConfigurationItemChangeNotification",
    "ConfigurationSnapshot",
)


class ChannelOperations:
    """A method for each row, over the state."""

    def __init__(self, core: Core, state: ConfigState) -> None:
        self._core = core
        self._state = state

    def create_config_delivery_channel(self, call: Call) -> Answer:
        if call.text("DeliveryChannelType") != "MNS":
            raise call.invalid("DeliveryChannelType", "the local cloud delivers to MNS alone")
        target_arn = call.text("DeliveryChannelTargetArn")
        wanted = _asked_for(call, Channel(target_arn, non_compliant_notification=False))
        return {"DeliveryChannelId": self._state.create_channel(wanted).id}

    def update_config_delivery_channel(self, call: Call) -> Answer:
        channel = self._state.channel(call.text("DeliveryChannelId"))
        self._state.update_channel(_asked_for(call, channel))
        return {"DeliveryChannelId": channel.id}

    def get_config_delivery_channel(self, call: Call) -> Answer:
        channel = self._state.channel(call.text("DeliveryChannelId"))
        return {"DeliveryChannel": self._described(channel)}

    def list_config_delivery_channels(self, call: Call) -> Answer:
        wanted = call.listed("DeliveryChannelIds", "")
        channels = [c for c in self._state.channels() if not wanted or c.id in wanted]
        return {"DeliveryChannels": [self._described(channel) for channel in channels]}

    def delete_config_delivery_channel(self, call: Call) -> Answer:
        channel_id = call.text("DeliveryChannelId")
        self._state.delete_channel(channel_id)
        return {"DeliveryChannelId": channel_id}

    def _described(self, channel: Channel) -> dict[str, Any]:
        return {
            "AccountId": int(self._core.account_id),
            "DeliveryChannelCondition": channel.condition,
            "DeliveryChannelId": channel.id,
            "DeliveryChannelName": channel.name,
            "DeliveryChannelTargetArn": channel.target_arn,
            "DeliveryChannelType": "MNS",
            "Description": channel.description,
            "NonCompliantNotification": channel.non_compliant_notification,
            "OversizedDataOSSTargetArn": channel.oversized_data_oss_target_arn,
            "Status": int(channel.active),
            **{name: name in channel.also for name in _OTHER_DELIVERIES},
        }


def _asked_for(call: Call, channel: Channel) -> Channel:
    """The channel with what the call says; the rest as it was."""
    for name in _OTHER_DELIVERIES:
        if call.flag(name, default=False):
            raise call.invalid(name, "the local cloud delivers findings alone")
    return replace(
        channel,
        target_arn=call.text("DeliveryChannelTargetArn", channel.target_arn),
        name=call.text("DeliveryChannelName", channel.name),
        description=call.text("Description", channel.description),
        condition=call.text("DeliveryChannelCondition", channel.condition),
        oversized_data_oss_target_arn=call.text(
            "OversizedDataOSSTargetArn", channel.oversized_data_oss_target_arn
        ),
        non_compliant_notification=call.flag(
            "NonCompliantNotification", channel.non_compliant_notification
        ),
        active=call.number("Status", int(channel.active), low=0, high=1) == 1,
        also=tuple(name for name in channel.also if call.flag(name, default=True)),
    )
