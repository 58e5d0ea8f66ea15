"""The facts of a chain that is sound, made without an account, and ways to change them."""

from collections.abc import Collection
from dataclasses import fields, replace
from datetime import date, datetime, timezone
from typing import Any

from resource_repair import settings
from resource_repair.exemptions import Exemptions
from scripts.account import channel_filter
from scripts.account.inventory import ChannelFound, QueueFound, Recorder, RuleFound
from scripts.account.resource import Step, Verdict
from scripts.account.role import role_arn
from scripts.decide.chain import LINKS, Diagnosis, Standing, examine
from scripts.decide.chain.facts import NOT_READ, Facts, Running, Seen, Subscription, known
from scripts.decide.prospect import Prospect
from scripts.declared import PATH, Spec, load

ACCOUNT, OTHER_ACCOUNT = "1208863178610000", "1000000000000001"
OURS, ANOTHER, UNKNOWN = "cr-0a", "cr-0b", "cr-0c"
NOW = datetime(2026, 6, 1, 12, tzinfo=timezone.utc)
TODAY = date(2026, 6, 1)
SPEC = load(PATH, {"PREPARE_RULE_ID": OURS}, ACCOUNT)
TOPIC = SPEC.trigger.source_arn
READ = [each.name for each in fields(Facts) if each.default is NOT_READ]
MANAGED = "oss-bucket-public-read-prohibited"


def seen(kind: str, name: str, obstacle: str = "", **fields: str) -> Seen:
    """Something that is as declared."""
    return Seen(kind, name, fields, fields, obstacle)


def rule(rule_id: str = OURS, name: str = SPEC.rule_name, **changed: Any) -> RuleFound:
    """A rule at work."""
    found = RuleFound(rule_id, name, MANAGED, "ACTIVE", risk_level=2, marked=True)
    return replace(found, **changed)


def channel(**changed: Any) -> ChannelFound:
    """A channel of ours that publishes our findings."""
    condition = channel_filter.BUCKETS_ONLY
    found = ChannelFound("ch-1", "ours", TOPIC, True, True, (), condition, "", marked=True)
    return replace(found, **changed)


def step(kind: str, name: str, verdict: Verdict = Verdict.KEEP) -> Step:
    """One of the steps of the function's role."""
    return Step(verdict, kind, name, (), lambda: None)


def running(spec: Spec = SPEC, **variables: str) -> Running:
    """The function as deployed, but for some variables."""
    return Running(settings.load({**spec.function.environment, **variables}))


def function(spec: Spec = SPEC) -> Seen:
    """The function as deployed."""
    told = {f"environmentVariables.{each}": to for each, to in spec.function.environment.items()}
    return seen("function", spec.function.name, **told)


ROLE = SPEC.service.role
LOGS = SPEC.service.logs
ASYNC = SPEC.function.async_config
assert LOGS
assert ASYNC
STEPS = (step("role", ROLE.name), *(step("policy", each.name) for each in ROLE.policies))
SOUND = Facts(
    spec=SPEC,
    settings={},
    now=NOW,
    client_account="",
    recorder=Recorder("REGISTERED", watches_buckets=True),
    rules=(rule(),),
    rule=seen("rule", SPEC.rule_name, state="ACTIVE"),
    channels=(channel(),),
    remediations=(),
    changing=(),
    channel_found=channel(),
    channel=seen(
        "delivery channel",
        "ours",
        deliveryChannelTargetArn=TOPIC,
        status="on",
        nonCompliantNotification="on",
        condition=channel_filter.canonical(channel_filter.BUCKETS_ONLY),
    ),
    topic=seen("topic", SPEC.topic, maxMessageSize="65536"),
    subscriptions=(
        Subscription(
            "ours",
            f"acs:fc:{SPEC.region}:{ACCOUNT}:services/{SPEC.service.name}/functions/"
            f"{SPEC.function.name}",
        ),
    ),
    trigger=seen("trigger", SPEC.trigger.name, sourceArn=TOPIC, role=SPEC.trigger.role_arn),
    trigger_role=seen(
        "role", "mns", trusts="mns.aliyuncs.com", policy="AliyunMNSNotificationRolePolicy"
    ),
    service=seen(
        "service",
        SPEC.service.name,
        **{
            "role": role_arn(SPEC),
            "logConfig.project": LOGS.project,
            "logConfig.logstore": LOGS.logstore,
            "logConfig.logBeginRule": "None",
        },
    ),
    elsewhere=None,
    role_steps=STEPS,
    role_obstacle="",
    function=function(),
    running=running(),
    live_exemptions=Exemptions(),
    exemptions=Exemptions(),
    undeclared=(),
    asynchronous=seen(
        "async configuration",
        SPEC.function.name,
        **{"destination.onFailure": ASYNC.failure_destination, "maxAsyncRetryAttempts": "3"},
    ),
    queue=seen("queue", "failures", messageRetentionPeriod="604800", maximumMessageSize="65536"),
    queue_found=QueueFound(604800, 65536, waiting=0, marked=True),
    arrivals=(),
    log_store=(
        seen("log project", LOGS.project),
        seen("log store", LOGS.logstore, ttl=str(SPEC.log_retention)),
        seen("log index", LOGS.logstore, fullText="on", fields="message.outcome"),
    ),
    alerts=(seen("alert", "kept", status="enabled"),),
    alert_policy=seen("alert policy", "policy", actions="fire()"),
    webhook=seen("alert webhook", "webhook", to="https://example.com/…"),
    found=Prospect(),
    held=Prospect(),
    due=(),
    told=(),
)


def facts(**changed: Any) -> Facts:
    """The sound ones but for some."""
    return replace(SOUND, **changed)


def unlike(name: str, **live: Any) -> Facts:
    """One thing is live in another state (__ for a dot in a field), and other facts are others."""
    thing = known(getattr(SOUND, name))
    others = {each: live.pop(each) for each in READ if each in live}
    changed = {field.replace("__", "."): value for field, value in live.items()}
    return facts(**{name: thing._replace(live={**thing.live, **changed})}, **others)


def gone(name: str, **changed: Any) -> Facts:
    """One thing is not there."""
    return facts(**{name: known(getattr(SOUND, name))._replace(live=None), **changed})


def only(given: Facts, names: Collection[str]) -> Facts:
    """The same, but that nothing else was read: to look at that is an error."""
    return replace(given, **{each: NOT_READ for each in READ if each not in names})


def said(given: Facts, *, before_deploy: bool = False) -> list[Diagnosis]:
    """What there is to say of all links that are not sound, each by what it says it looks at."""
    found = [
        each
        for link in LINKS
        for each in examine(link, only(given, link.looks_at), before_deploy=before_deploy)
    ]
    return [each for each in found if each.standing is not Standing.SOUND]
