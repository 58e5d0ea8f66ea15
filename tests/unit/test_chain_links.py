"""The doctor's links, each by tables of facts: what is told of which, and with what mends it."""

from dataclasses import replace
from typing import Any

import pytest

from scripts.account.inventory import QueueFound, Recorder
from scripts.account.permission import Permission
from scripts.account.resource import Difference, Verdict
from scripts.decide.chain import LINKS, Standing
from scripts.decide.chain.facts import Facts, Subscription, known
from scripts.decide.chain.model import APPLY, PAUSE, PROVISION
from scripts.declared import PATH, load
from scripts.errors import CloudError
from tests.unit.chain_facts import (
    ACCOUNT,
    ANOTHER,
    OTHER_ACCOUNT,
    OURS,
    READ,
    ROLE,
    SOUND,
    SPEC,
    STEPS,
    TOPIC,
    UNKNOWN,
    channel,
    facts,
    function,
    gone,
    rule,
    running,
    said,
    seen,
    step,
    unlike,
)

FAULT, UNSEEN = Standing.FAULT, Standing.UNSEEN
DIFFERS, NOT_YET = Standing.DIFFERS, Standing.NOT_YET
WRITE = "oss-bucket-public-write-prohibited"
ELSEWHERE = TOPIC.replace("cn-shanghai", "cn-hangzhou")
HIGH_RISKS = '[{"filterType": "RuleRiskLevel", "value": "1"}]'
DISKS = '[{"filterType": "ResourceType", "values": ["ACS::ECS::Disk"]}]'


def waits_for(rule_ids: str, *rules: object) -> Facts:
    """PREPARE_RULE_ID has these, the function too, and the account has such rules."""
    spec = load(PATH, {"PREPARE_RULE_ID": rule_ids}, ACCOUNT)
    return facts(spec=spec, rules=rules, function=function(spec), running=running(spec))


def channel_is(**changed: object) -> Facts:
    """The one channel delivers otherwise, in the field that comes of it."""
    found = channel(**changed)
    state = {
        "active": {"status": ""},
        "non_compliant": {"nonCompliantNotification": ""},
        "condition": {"condition": found.condition},
    }[next(iter(changed))]
    return replace(unlike("channel", **state), channels=(found,), channel_found=found)


def step_is(index: int, **changed: Any) -> Facts:
    """One step of the function's role is another."""
    steps = list(STEPS)
    steps[index] = replace(steps[index], **changed)
    return facts(role_steps=tuple(steps))


def provisioned(index: int, **changed: Any) -> Facts:
    """The same, where provision is to make the role."""
    service = replace(SPEC.service, role=replace(ROLE, provisioned=True))
    return replace(step_is(index, **changed), spec=replace(SPEC, service=service))


def queue(**changed: Any) -> QueueFound:
    """The queue as it is."""
    return replace(QueueFound(604800, 65536, waiting=0, marked=True), **changed)


def stored(index: int, **live: str) -> Facts:
    """Project, store or index of the logs is otherwise; without `live` it is not there."""
    there = list(known(SOUND.log_store))
    state = {**(there[index].live or {}), **live} if live else None
    there[index] = there[index]._replace(live=state)
    return facts(log_store=tuple(there[: index + 1] if state is None else there))


ENDPOINT = {
    "s_default_enable_fc_endpoint": "true",
    "s_default_fc_endpoint": f"https://{OTHER_ACCOUNT}.cn-shanghai.fc.aliyuncs.com",
}
OFF = {"rules": (rule(state="INACTIVE"),)}
LACKS = {"verdict": Verdict.CHANGE, "differences": (Difference("attached to", "", "role"),)}
ANOTHER_TRIGGER = step("trigger", "another", Verdict.REMOVE)
TAKEN = "is taken: or let it trust MNS"
RULE_B = f"{OURS},{ANOTHER}"
FOREIGN = {"channel_found": None, "channels": (channel(target=ELSEWHERE),)}
MNS, ECS = "mns.aliyuncs.com", "ecs.aliyuncs.com"

# What is so, by the link that tells of it, with which words and what mends it.
Row = tuple[Facts, str, str]
FAULTS: dict[str, list[Row]] = {
    "credentials": [
        (
            facts(settings={"AccountID": OTHER_ACCOUNT}),
            f"deploys to {OTHER_ACCOUNT}",
            "set ALIBABA",
        ),
        (facts(client_account=OTHER_ACCOUNT), f"are of account {OTHER_ACCOUNT}", "set ALIBABA"),
        (facts(settings=ENDPOINT), f"leads to account {OTHER_ACCOUNT}", PROVISION),
    ],
    "Cloud Config": [
        (facts(recorder=Recorder("REGISTRABLE", False)), "is not switched on", "open https://"),
    ],
    "rule": [
        (unlike("rule", **OFF, state="INACTIVE"), "is INACTIVE, and evaluates nothing", PAUSE),
        (
            replace(unlike("rule", **OFF, state="INACTIVE"), running=running(repairMode="report")),
            *("has state INACTIVE", PROVISION),
        ),
        (facts(rule=seen("rule", "r", TAKEN)), "is taken", "or let it"),
        (
            waits_for(RULE_B, rule(), rule(ANOTHER, "b", source=WRITE)),
            f"{ANOTHER}: b is an",
            "take",
        ),
        (
            waits_for(RULE_B, rule(), rule(ANOTHER, "b", state="INACTIVE")),
            "b is INACTIVE",
            "switch",
        ),
    ],
    "channel": [
        (channel_is(active=False), "is switched off", PROVISION),
        (channel_is(non_compliant=False), "does not send non-compliance", PROVISION),
        (channel_is(condition=HIGH_RISKS), "buckets of the rule's risk level, 2", PROVISION),
        (channel_is(condition=DISKS), "filters away findings", PROVISION),
        (gone("channel", channel_found=None, channels=()), "no delivery channel", PROVISION),
        (gone("channel", **FOREIGN), f"findings go to {ELSEWHERE}", PROVISION),
    ],
    "topic": [(unlike("topic", maxMessageSize="2048"), "2048, and provision makes", PROVISION)],
    "subscription": [(facts(subscriptions=()), "nobody is subscribed", APPLY)],
    "trigger": [
        (unlike("trigger", role=""), "has no role", APPLY),
        (unlike("trigger", role="AliyunMNSNotificationRole"), "has the bare name", APPLY),
    ],
    "trigger's role": [
        (gone("trigger_role"), "there is no role mns", PROVISION),
        (unlike("trigger_role", trusts=ECS), f"trusts {ECS}, and not {MNS}", PROVISION),
        (unlike("trigger_role", policy=""), "lacks AliyunMNSNotificationRolePolicy", PROVISION),
        (facts(trigger_role=seen("role", "mns", TAKEN, trusts="")), "is taken", "or let it"),
    ],
    "service": [
        (unlike("service", role="role/aliyunfcdefaultrole"), "with aliyunfcdefaultrole", APPLY),
        (unlike("service", role="role/somebody"), "runs as role/somebody, and", APPLY),
    ],
    "function's role": [
        (step_is(0, verdict=Verdict.CHANGE), "is not for Function Compute alone", APPLY),
        (step_is(1, **LACKS), f"lacks the policy {STEPS[1].name}", APPLY),
        (step_is(1, verdict=Verdict.REMOVE), "which s.yaml does not declare", APPLY),
        (provisioned(0, verdict=Verdict.CREATE), f"there is no role {ROLE.name}", PROVISION),
        (provisioned(0, verdict=Verdict.CHANGE), "is not for Function Compute alone", PROVISION),
        (provisioned(1, **LACKS), f"lacks the policy {STEPS[1].name}", PROVISION),
        (provisioned(1, verdict=Verdict.CHANGE), "says other than the function needs", PROVISION),
        (provisioned(1, verdict=Verdict.REMOVE), "which the function does not need", PROVISION),
        (facts(role_obstacle="the role r is theirs: take it away"), "is theirs", "take it away"),
    ],
    "function": [
        (unlike("function", environmentVariables__prepareRuleId="cr-b"), "the rule cr-b", APPLY),
        (unlike("function", code="1"), "runs other code than is built here", APPLY),
        (facts(undeclared=(ANOTHER_TRIGGER,)), "what s.yaml does not declare: trigger", APPLY),
    ],
    "failure queue": [
        (gone("asynchronous"), "sends what it could not repair to nobody", APPLY),
        (unlike("asynchronous", maxAsyncRetryAttempts="0"), "maxAsyncRetryAttempts 0", APPLY),
        (gone("queue", queue_found=None), "there is no queue", PROVISION),
        (
            unlike("queue", queue_found=queue(retention=345600), messageRetentionPeriod="345600"),
            *("keeps a message 4 d, and not 7 d", PROVISION),
        ),
        (
            unlike("queue", queue_found=queue(max_message_size=2048), maximumMessageSize="2048"),
            *("takes no message above 2048 bytes", PROVISION),
        ),
    ],
    "logs": [
        (unlike("service", logConfig__project="", logConfig__logstore=""), "logs are off", APPLY),
        (stored(1), "there is no log store", PROVISION),
        (stored(1, ttl="1"), "has ttl 1,", PROVISION),
        (stored(2), "there is no log index", PROVISION),
        (stored(2, fullText=""), "has fullText off", PROVISION),
        (stored(2, fields=""), "has fields off", PROVISION),
    ],
}
# Findings pass, and provision would change something all the same.
DIFFER: dict[str, list[Row]] = {
    "channel": [
        (
            replace(channel_is(active=False), channels=(channel(), channel(id="ch-2"))),
            *("status off", PROVISION),
        )
    ],
    "trigger's role": [(unlike("trigger_role", trusts=f"{ECS}, {MNS}"), "has trusts", PROVISION)],
    "logs": [(stored(1, ttl="3650"), "has ttl 3650,", PROVISION)],
}
ROWS = [
    pytest.param(link, standing, *row, id=f"{link}: {row[1]}")
    for standing, table in ((FAULT, FAULTS), (DIFFERS, DIFFER))
    for link, rows in table.items()
    for row in rows
]


def test_alerts_stop_no_deploy() -> None:
    """No finding is lost by one that is off, or without any, even if somebody is to be woken."""
    off = facts(alerts=(seen("alert", "kept")._replace(declared={"status": "enabled"}),))
    none = facts(alerts=(seen("alert", "kept")._replace(live=None),))
    named = replace(none, settings={"ALERT_EMAIL": "on-call@example.com"})
    for given, standing in ((off, FAULT), (none, Standing.NOTE), (named, FAULT)):
        (found,) = said(given)
        (before,) = said(given, before_deploy=True)
        assert (found.link, found.standing, before.standing) == ("alerts", standing, NOT_YET)
        assert (found.mend == PROVISION) is (standing is FAULT)


def test_of_what_is_sound_there_is_nothing_to_say() -> None:
    """With everything in place no link is at fault, before a deploy neither."""
    assert said(SOUND) == []
    assert said(SOUND, before_deploy=True) == []


@pytest.mark.parametrize(("link", "standing", "given", "words", "mend"), ROWS)
def test_it_is_told_alone_and_with_what_mends_it(
    link: str, standing: Standing, given: Facts, words: str, mend: str
) -> None:
    """What is not as it should be is told once, at its link, with a command.

    A deploy is not stopped by what it puts right itself; by other faults it is.
    """
    (found,) = said(given)
    (before,) = said(given, before_deploy=True)
    by_client = link not in ("trigger", "subscription")  # which it leaves as they are
    goes_on = mend == APPLY and by_client

    assert (found.link, found.standing) == (link, standing)
    assert words in found.what
    assert found.mend.startswith(mend)
    assert (before.standing is FAULT) is (standing is FAULT and not goes_on)


@pytest.mark.parametrize(
    ("given", "links"),
    [
        (gone("topic"), {"topic": PROVISION, "subscription": PROVISION}),
        (gone("trigger"), {"subscription": "see there", "trigger": APPLY}),
        (unlike("trigger", sourceArn=ELSEWHERE), {"subscription": "see there", "trigger": APPLY}),
        (gone("function", running=None), {"function": APPLY}),
        (gone("service"), {"service": APPLY}),
        (
            gone("function", running=None, trigger=gone("trigger").trigger),
            {"subscription": "see there", "trigger": APPLY, "function": APPLY},
        ),
    ],
)
def test_what_hangs_together_is_told_at_each_link(given: Facts, links: dict[str, str]) -> None:
    """What stands on something that is not there is not there either, and one mends the other."""
    assert {each.link: each.mend for each in said(given)} == links


def test_without_a_function_the_chain_is_not_sound() -> None:
    """Taken away or never deployed, findings are lost; before a deploy that brings it, not yet."""
    for missing in ({}, {"service": gone("service").service}):
        facts = gone("function", running=None, **missing)
        now, before = said(facts), said(facts, before_deploy=True)
        assert {each.standing for each in now} == {FAULT}, missing
        assert {each.standing for each in before} == {NOT_YET}, missing


@pytest.mark.parametrize(
    ("rule_id", "says"),
    [
        ("", "is not set"),
        ("test-oss-bucket-public-read-prohibited", "a rule's name, perhaps?"),
        (UNKNOWN, f"{UNKNOWN} is none of this account's"),
        (ANOTHER, "the id of another rule (b)"),
        (f"{OURS},{UNKNOWN}", f"{UNKNOWN} is none of this account's"),
    ],
)
def test_a_wrong_rule_id_is_named(rule_id: str, says: str) -> None:
    """No id, a name for it, or another rule's: the id that is meant is told."""
    given = waits_for(rule_id, rule(), rule(ANOTHER, "b", source=WRITE))
    (told,) = [each for each in said(given) if each.link == "rule"]
    assert says in told.what
    assert OURS in told.mend or "correct PREPARE_RULE_ID" in told.mend


@pytest.mark.parametrize(
    "filters",
    ['[{"filterType": "Tag", "values": ["a"]}]', '{"every": "thing"}', "no JSON", "7", "[" * 9999],
)
def test_filters_that_nobody_knows_are_told(filters: str) -> None:
    """Whether findings pass them is said not to be known, and no deploy is stopped by it."""
    theirs = channel(name="theirs", condition=filters, marked=False)
    given = facts(channels=(theirs,), channel_found=theirs)  # what is not understood is declared
    (found,) = said(given)
    (before,) = said(given, before_deploy=True)
    assert (found.link, found.standing) == ("channel", UNSEEN)
    assert "theirs has filters that are not known here" in found.what
    assert filters in found.what
    assert "console" in found.mend
    assert before.standing is NOT_YET


HERE = f"acs:fc:cn-shanghai:{ACCOUNT}:services/{SPEC.service.name}/functions"


@pytest.mark.parametrize(
    ("endpoint", "standing"),
    [
        (f"{HERE}/theirs", FAULT),
        ("something:else", UNSEEN),
        (f"{HERE}/{SPEC.function.name}", None),
    ],
)
def test_a_subscription_of_somebody_else_does_not_count(
    endpoint: str, standing: Standing | None
) -> None:
    """It may be nobody's, or nobody can tell whose it is (test_subscribers.py)."""
    others = Subscription("others", "https://example.org/hook")
    given = facts(subscriptions=(others, Subscription("this", endpoint)))
    found = said(given)
    # What nobody can tell stops no deploy, which could not mend it either.
    before = [each for each in said(given, before_deploy=True) if each.standing is FAULT]
    assert [(each.link, each.standing) for each in found] == (
        [("subscription", standing)] if standing else []
    )
    assert all("this" in each.what for each in found)
    assert bool(before) is (standing is FAULT)


@pytest.mark.parametrize(
    ("days", "counted", "words"),
    [
        ((3, 1), 2, "2 messages wait in failures, for 3 d:"),
        ((), 2, "2 messages wait in failures, just being received:"),
        ((0,), 0, "1 message waits in failures, for 0 min:"),
        ((-0.001,), 0, "1 message waits in failures, for 0 min:"),
    ],
)
def test_messages_that_wait_are_told_with_their_age(
    days: tuple[float, ...], counted: int, words: str
) -> None:
    """They are counted by the larger number; the oldest that is seen tells the age."""
    arrivals = tuple(SOUND.now.timestamp() - each * 86400 for each in days)
    (found,) = said(facts(queue_found=queue(waiting=counted), arrivals=arrivals))
    assert (found.link, found.standing) == ("failure queue", FAULT)
    assert words in found.what


@pytest.mark.parametrize(
    ("status", "code", "message"),
    [
        (403, "AccessDenied", "FC service is not enabled for current user."),
        (400, "InvalidArgument", "Function Compute 2.0 is no longer open to new users"),
    ],
)
def test_services_not_to_be_had_are_named(status: int, code: str, message: str) -> None:
    """An account that cannot have services is told so, and not to look for a permission."""
    error = CloudError("fc:GetService", "service", code, status, message)
    found = {each.link: each for each in said(facts(service=error))}
    assert found["service"].standing is FAULT
    assert "cannot have services (Function Compute 2.0)" in found["service"].what
    assert "`resource-repair fc3`" in found["service"].mend
    assert "Effect" not in found["logs"].mend


@pytest.mark.parametrize("name", READ)
def test_what_is_not_read_spoils_its_own_links_alone(name: str) -> None:
    """The links that look at it say so, with the statement to add; each other one is sound."""
    error = CloudError("a:Read", "it", "NoPermission", 403, "allow it")
    given = facts(**{name: error})
    looking = {link.name for link in LINKS if name in link.looks_at}
    found = said(given)
    assert {each.link for each in found} <= looking
    assert {each.standing for each in found} <= {UNSEEN}
    for each in found:
        assert each.what == "cannot see this link: a:Read on it was refused"
        assert str(Permission("a:Read").statement(ACCOUNT, SPEC.region)["Action"]) in each.mend
