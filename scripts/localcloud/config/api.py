"""Cloud Config on the wire (2020-09-07)."""

from dataclasses import replace
from urllib.parse import urlsplit

from ..http import Request, Response
from ..pop import Call, PopService, rpc
from ..ram.state import RamState
from ..service import ApiError, Core
from ..table import Match
from . import errors
from .operations.channels import ChannelOperations
from .operations.remediations import RemediationOperations
from .operations.results import ResultOperations
from .operations.rules import RuleOperations
from .state import ConfigState

_ENDPOINTS = ("cn-shanghai", "ap-southeast-1")  # page "Endpoints"
_RULE, _ANY_RULE = "acs:config:*:{account}:rule/{ConfigRuleId}", "acs:config:*:{account}:rule/*"
_BY_OPERATION = (("*", "RAM authorization (2019-01-08), 2025-12-09"),)
_NOT_SEEN = "all resources: its page's own table of authorization was not seen"
_CHANNEL = (
    "DeliveryChannelTargetArn DeliveryChannelCondition DeliveryChannelName Description"
    " NonCompliantNotification OversizedDataOSSTargetArn CompliantSnapshot"
    " ConfigurationItemChangeNotification ConfigurationSnapshot"
)

# Pages "UpdateConfigRule" and "PutDeliveryChannel"; the rest is guessed, as the rows say.
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
    errors.RemediationExistsError: ("RemediationExists", "The ConfigRule has a remediation"),
}


class ConfigCall(Call):
    """A call with Cloud Config's own codes for bad parameters. Page "PutDeliveryChannel"."""

    def missing(self, name: str) -> ApiError:
        """`Invalid.<Name>.Empty`."""
        return ApiError(400, f"Invalid.{name}.Empty", f"You must specify {name}.")

    def invalid(self, name: str, why: str) -> ApiError:
        """`Invalid.<Name>.Value`."""
        return ApiError(400, f"Invalid.{name}.Value", f"The specified {name} is invalid: {why}.")


class ConfigService(PopService):
    """Cloud Config as `alibabacloud_config20200907` calls it."""

    name = "config"
    version = "2020-09-07"
    # Pages "StartConfigRuleEvaluation", "ListConfigRuleEvaluationResults" and "DeleteConfigRules";
    # guessed of the others.
    denied_status = 400
    call_type = ConfigCall
    table = (
        rpc(
            "CreateConfigRule",
            "ConfigRuleName ConfigRuleTriggerTypes Description ResourceTypesScope RiskLevel"
            " SourceIdentifier SourceOwner Tag",
            subject="ConfigRuleName",
            resources=(_ANY_RULE,),
            guesses=(
                "that oss-bucket-only-https-enabled is content with one statement that denies "
                "everybody everything by http, and with nothing less",
            ),
            elsewhere=_BY_OPERATION,
        ),
        rpc(
            "GetConfigRule",
            "ConfigRuleId",
            subject="ConfigRuleId",
            resources=(_RULE,),
            guesses=("the worst of its results stands for the rule",),
        ),
        rpc(
            "UpdateConfigRule",
            "ConfigRuleId ConfigRuleName RiskLevel Description",
            subject="ConfigRuleId",
            resources=(_RULE,),
        ),
        rpc(
            "ListConfigRules",
            "ConfigRuleName ConfigRuleState Tag PageNumber PageSize",
            resources=(_ANY_RULE,),
            read_on="2025-12-18",
            elsewhere=_BY_OPERATION,
        ),
        rpc(
            "DeleteConfigRules",
            "ConfigRuleIds",
            subject="ConfigRuleIds",
            read_on="2024-06-17",
            elsewhere=((_ANY_RULE, "its edition of 2025-12-18"),),
        ),
        rpc("ActiveConfigRules", "ConfigRuleIds", subject="ConfigRuleIds", read_on="2025-01-06"),
        rpc("DeactiveConfigRules", "ConfigRuleIds", subject="ConfigRuleIds", guesses=(_NOT_SEEN,)),
        rpc("GetConfigurationRecorder", read_on="2024-05-17"),
        rpc(
            "StartConfigRuleEvaluation",
            "ConfigRuleId",
            subject="ConfigRuleId",
            read_on="2024-05-17",
            guesses=(
                "that the code for a rule that is off is ConfigRuleStateInvalid",
                "Block Public Access makes no difference to what is found, since the annotation"
                " speaks of the grant alone",
                "what is said of a public policy, where `rule_tests` has it count",
            ),
        ),
        rpc(
            "StartConfigRuleEvaluationByResource",
            "ResourceId",
            subject="ResourceId",
            read_on="2025-10-16",
            guesses=(
                "it evaluates the resource against every rule that is on",
                "of the rules it answers the oldest",
                "a resource that nobody knows is no error",
            ),
        ),
        rpc(
            "ListConfigRuleEvaluationResults",
            "ConfigRuleId ComplianceType MaxResults NextToken Regions",
            subject="ConfigRuleId",
        ),
        rpc(
            "ListResourceEvaluationResults",
            "ResourceId ResourceType Region ComplianceType MaxResults NextToken",
            subject="ResourceId",
            guesses=("a resource that nobody knows simply has no results",),
        ),
        rpc(
            "IgnoreEvaluationResults",
            "ConfigRuleId Resources IgnoreDate Reason",
            subject="ConfigRuleId",
            guesses=(_NOT_SEEN,),
        ),
        rpc(
            "RevertEvaluationResults",
            "ConfigRuleId Resources",
            subject="ConfigRuleId",
            guesses=(
                _NOT_SEEN,
                "what is then found is published, as after an evaluation on demand",
            ),
        ),
        rpc(
            "CreateConfigDeliveryChannel",
            f"DeliveryChannelType {_CHANNEL}",
            subject="DeliveryChannelTargetArn",
            read_on="2024-09-14",
            guesses=("that the code for one too many is ExceedMaxDeliveryChannelCount",),
        ),
        rpc(
            "UpdateConfigDeliveryChannel",
            f"DeliveryChannelId Status {_CHANNEL}",
            subject="DeliveryChannelId",
            guesses=(_NOT_SEEN,),
        ),
        rpc(
            "GetConfigDeliveryChannel",
            "DeliveryChannelId",
            subject="DeliveryChannelId",
            read_on="2024-09-14",
        ),
        rpc("ListConfigDeliveryChannels", "DeliveryChannelIds", guesses=(_NOT_SEEN,)),
        rpc(
            "DeleteConfigDeliveryChannel",
            "DeliveryChannelId",
            subject="DeliveryChannelId",
            guesses=(_NOT_SEEN,),
        ),
        rpc(
            "CreateRemediation",
            "ConfigRuleId InvokeType Params RemediationTemplateId RemediationType SourceType",
            subject="ConfigRuleId",
            read_on="2026-01-08",
            guesses=(_NOT_SEEN, "its error codes", "it is on record, and remedies nothing"),
        ),
        rpc(
            "ListRemediations",
            "ConfigRuleIds PageNumber PageSize",
            read_on="2025-06-24",
            guesses=(_NOT_SEEN,),
        ),
        rpc(
            "DeleteRemediations",
            "RemediationIds",
            subject="RemediationIds",
            read_on="2025-12-04",
            guesses=(_NOT_SEEN,),
        ),
    )

    def __init__(self, core: Core, state: ConfigState, ram: RamState) -> None:
        self._state = state
        super().__init__(
            core,
            ram,
            RuleOperations(core, state),
            ResultOperations(core, state),
            ChannelOperations(core, state),
            RemediationOperations(core, state),
        )

    def handle(self, request: Request) -> Response:
        """Serve one request; one that was sent as to a proxy names the whole URL as its path."""
        return super().handle(replace(request, path=urlsplit(request.path).path or "/"))

    def perform(self, operation: Match, request: Request) -> Response:
        """As every RPC-style service, with the state's refusals in Cloud Config's codes."""
        if self._is_elsewhere(request):
            return self._as_elsewhere(operation)
        try:
            return super().perform(operation, request)
        except errors.ConfigError as error:
            code, message = _CODES[type(error)]
            raise ApiError(400, code, f"{message}: {error.args[0]}.") from error

    def _is_elsewhere(self, request: Request) -> bool:
        """Whether it came to `region.127.0.0.1`, which is another endpoint than the account's."""
        region = request.headers.get("Host").partition(".127.0.0.1")[0]
        return region in _ENDPOINTS and self._state.site not in ("", region)

    def _as_elsewhere(self, operation: Match) -> Response:
        """Guessed: that it is refused, in words that its pages have for an account that is not
        there; or that the account is one that never switched Cloud Config on.
        """
        if self._state.elsewhere == "off" and operation.name == "GetConfigurationRecorder":
            recorder = {"ConfigurationRecorderStatus": "REGISTRABLE"}
            return self.answered({"ConfigurationRecorder": recorder})
        raise ApiError(404, "AccountNotExisted", "Your account does not exist.")

    def lag(self, operation: Match, reads: int) -> None:  # noqa: ARG002  (of a rule)
        """Of a rule that is made or deleted, `reads` reads of it know nothing yet."""
        self._state.lag.once = reads
