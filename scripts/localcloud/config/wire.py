"""The wire of Cloud Config (2020-09-07)."""

from scripts.localcloud.config import errors
from scripts.localcloud.config.channel_calls import ChannelCalls
from scripts.localcloud.config.parameters import ConfigCall
from scripts.localcloud.config.result_calls import ResultCalls
from scripts.localcloud.config.rule_calls import RuleCalls
from scripts.localcloud.config.state import ConfigState
from scripts.localcloud.http import Request, Response
from scripts.localcloud.pop import Action, PopService
from scripts.localcloud.ram.state import RamState
from scripts.localcloud.service import ApiError, Core
from scripts.localcloud.table import Match

# Pages "UpdateConfigRule" and "PutDeliveryChannel".
# Guessed: ConfigRuleStateInvalid, and ExceedMaxDeliveryChannelCount after ExceedMaxRuleCount.
_CODES: dict[type[errors.ConfigError], tuple[str, str]] = {
    errors.NoSuchRuleError: ("ConfigRuleNotExists", "The ConfigRule does not exist"),
    errors.RuleExistsError: ("ConfigRuleExists", "The ConfigRule already exists"),
    errors.RuleInactiveError: ("ConfigRuleStateInvalid", "The ConfigRule is not ACTIVE"),
    errors.UnknownManagedRuleError: (
        "Invalid.SourceIdentifier.Value",
        "The local cloud knows no such managed rule",
    ),
    errors.NoSuchChannelError: (
        "DeliveryChannelNotExists",
        "The delivery channel does not exist",
    ),
    errors.TooManyChannelsError: (
        "ExceedMaxDeliveryChannelCount",
        "The maximum number of delivery channels is exceeded",
    ),
    errors.InvalidTopicArnError: (
        "Invalid.DeliveryChannelTargetArn.Format",
        "The specified format of DeliveryChannelTargetArn is invalid",
    ),
    errors.InvalidConditionError: (
        "Invalid.DeliveryChannelCondition.Format",
        "The specified format of DeliveryChannelCondition is invalid",
    ),
    errors.TopicUnreachableError: (
        "DeliveryChannelMnsUnreachable",
        "The MNS topic is unreachable",
    ),
}


class ConfigService(PopService):
    """Cloud Config as `alibabacloud_config20200907` calls it."""

    name = "config"
    call_type = ConfigCall

    def __init__(self, core: Core, state: ConfigState, ram: RamState) -> None:
        self._calls = (RuleCalls(core, state), ResultCalls(core, state), ChannelCalls(core, state))
        super().__init__(core, ram)

    def actions(self) -> dict[str, Action]:
        """The calls on rules, on what they found, and on delivery channels."""
        return {name: action for calls in self._calls for name, action in calls.actions().items()}

    def perform(self, operation: Match, request: Request) -> Response:
        """As every RPC-style service, with the state's refusals in Cloud Config's codes."""
        try:
            return super().perform(operation, request)
        except errors.ConfigError as error:
            code, message = _CODES[type(error)]
            raise ApiError(400, code, f"{message}: {error.args[0]}.") from error
