"""The probe: what it asks of an account on a bucket of its own, and what it leaves there."""

import json
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from scripts import patience
from scripts.account import own_bucket
from scripts.account.own_bucket import TAGS, new_name
from scripts.flows import probe_bucket, probing
from scripts.flows.probing import QUESTIONS
from scripts.localcloud import Fail, Hold, Lag, LocalCloud
from scripts.localcloud.switches import set_switch
from scripts.verbs.probe import VERB
from tests.account import QUEUE, Account, Moments
from tests.e2e.cases import age, finding_given_up
from tests.e2e.stepwise import write_after
from tests.parts import Terminal, at, overtaken, sampled, without

# The answers that switches make, and these switches.
AS_IT_IS: dict[str, object] = {
    "block_on_new_bucket": False,
    "info_anywhere": False,
    "policy_status_under_block": True,
    "rule_tests": "acl",
    "cloud_config_body": "plain",
    "config_sites": {"cn-shanghai": "REGISTERED", "ap-southeast-1": "AccountNotExisted"},
    "retry_keeps_request_id": True,
}
OTHERWISE: dict[str, object] = {
    "block_on_new_bucket": True,
    "info_anywhere": True,
    "policy_status_under_block": False,
    "rule_tests": "acl_and_policy",
    "cloud_config_body": "base64",
    "config_sites": {"cn-shanghai": "REGISTRABLE", "ap-southeast-1": "REGISTERED"},
    "retry_keeps_request_id": False,
}
SWITCHED = {
    "oss.block_new_buckets": ("false", "true"),
    "oss.info_anywhere": ("false", "true"),
    "oss.policy_status_heeds_block": ("false", "true"),
    "config.rule_tests": ("acl", "acl_and_policy"),
    "config.publishes_base64": ("false", "true"),
    "config.site": ("cn-shanghai", "ap-southeast-1"),
    "config.elsewhere": ("refuses", "off"),
    "fc.retries_keep_id": ("true", "false"),
}


@pytest.fixture(autouse=True)
def shorter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks agree for less long than on an account."""
    monkeypatch.setattr(probing, "HOLDS", 0.5)


def answers(product: Account) -> dict[str, Any]:
    """The file's questions."""
    questions: dict[str, Any] = json.loads(written(product))["questions"]
    return questions


def written(product: Account) -> str:
    """The file."""
    return (product.folder / "probe.json").read_text("utf-8")


def assert_nothing_left(product: Account) -> None:
    """No bucket and no message is there, once all that is under way has ended."""
    product.rest()
    product.cloud.clock.advance(60)  # what was let go of can be seen again
    assert product.cloud.oss.names() == []
    assert product.cloud.mns.peek(QUEUE, count=16) == []


@pytest.mark.parametrize("place", [0, 1], ids=["as it is", "otherwise"])
def test_each_question_is_answered(product: Account, place: int) -> None:
    """As the cloud is switched, either way; nothing is left, and another cloud takes the file."""
    for name, values in SWITCHED.items():
        set_switch(product.cloud, name, values[place])
    address = product.cloud.endpoints.config.removeprefix("http://")
    product.shell["RESOURCE_REPAIR_CONFIG_ENDPOINT"] = f"http://{{region}}.{address}"
    product.cloud.oss.block_new_buckets = False
    finding_given_up(product)
    product.cloud.oss.delete("opened")
    product.cloud.oss.block_new_buckets = bool(place)
    product.rest()
    before = product.state()

    assert product.run("probe", "--yes", "--rule") == 0

    asked = answers(product)
    assert list(asked) == sorted(QUESTIONS)
    wanted = OTHERWISE if place else AS_IT_IS
    assert {key: asked[key]["answer"] for key in wanted} == wanted
    assert [key for key in asked if asked[key]["not_asked"]] == ["put_acl_needs_put_bucket"]
    product.rest()
    assert product.state() == before
    with LocalCloud(probed=product.folder / "probe.json") as other:
        for name, values in SWITCHED.items():
            part, _, attribute = name.partition(".")
            assert str(getattr(getattr(other, part), attribute)).lower() == values[place], name


def test_the_file_has_no_secret_and_no_name(product: Account) -> None:
    """Nor an id: of the account, its keys, its rule, or what is in it."""
    assert product.run("probe", "--yes", "--rule") == 0
    text, key = written(product), product.key
    spec = product.spec
    hidden = [
        *(key.access_key_id, key.access_key_secret, product.cloud.account_id, product.rule_id),
        *(spec.topic, spec.service.name, spec.function.name, spec.rule_name, product.log_project),
        *(str(spec.failure_queue), own_bucket.PREFIX, str(product.folder)),
    ]
    assert [each for each in hidden if each in text] == []
    assert list(json.loads(text)) == sorted(json.loads(text))


def test_keys_that_may_not_put_bucket_tell_whether_put_acl_needs_it(product: Account) -> None:
    """They make the bucket by PutBucketAcl, or are refused; what they may not do is told."""
    may = without(VERB.permissions, "oss:PutBucket")
    for needed in (False, True):
        product.cloud.oss.put_acl_needs_put_bucket = needed
        assert product.run("probe", "--yes", may=may) == 1
        asked = answers(product)
        assert asked["put_acl_needs_put_bucket"]["answer"] is needed
        assert (asked["deletion_shows"]["answer"] is None) is needed
        assert_nothing_left(product)


# In `make test`: of a read, of what marks, opens, closes and deletes it, and of the message.
SAMPLE = ("oss:GetBucketTagging", "oss:PutBucketPublicAccessBlock", "mns:DeleteMessage")


@pytest.mark.parametrize("action", sampled([each.action for each in VERB.permissions], *SAMPLE))
def test_what_is_refused_is_not_asked_and_the_rest_is(
    product: Account, capsys: pytest.CaptureFixture[str], action: str
) -> None:
    """Its statement is told, the file is written, and nothing stays that may be taken away."""
    address = product.cloud.endpoints.config.removeprefix("http://")
    product.shell["RESOURCE_REPAIR_CONFIG_ENDPOINT"] = f"http://{{region}}.{address}"
    product.env.write_text(product.env.read_text() + "CONFIG_REGION=cn-shanghai\n")
    needed = next(each for each in VERB.permissions if each.action == action)
    if action == "mns:ChangeMessageVisibility":
        product.cloud.mns.send(QUEUE, "{}")

    end = product.run("probe", "--yes", "--rule", may=without(VERB.permissions, action))

    assert end == 1
    told = capsys.readouterr()
    statement = needed.statement(product.cloud.account_id, product.cloud.region)
    assert json.dumps(statement) in told.out
    asked = answers(product)
    assert list(asked) == sorted(QUESTIONS)
    assert sum(each["not_asked"] is None for each in asked.values()) >= 3
    product.rest()
    left = product.cloud.oss.names()
    assert len(left) == (1 if action == "oss:DeleteBucket" else 0)
    assert {bucket.acl for bucket in product.cloud.oss.all()} <= {"private"}
    if action == "oss:DeleteBucket":
        assert product.cloud.oss.bucket(left[0]).block_public_access
        assert "`resource-repair probe --clean` deletes it" in told.out


def test_without_a_yes_nothing_is_made(
    product: Account, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The plan is shown: what is made, opened and for how long, changed and deleted."""
    assert product.run("probe") == 2
    monkeypatch.setattr(sys, "stdin", Terminal("n\n"))
    assert product.run("probe") == 1
    told = capsys.readouterr().out
    assert product.run("probe", "--dry-run") == 0
    for word in ("make the bucket resource-repair-probe-", "public by its", "delete it", "publish"):
        assert word in told
    assert product.writes() == []
    assert not (product.folder / "probe.json").exists()


def test_where_nothing_is_deployed_no_message_is_sent(deployed: Account) -> None:
    """Nor in mode report. All that needs none is asked, and why the rest was not is told."""
    with deployed.deployed_with(repairMode="report"):
        assert deployed.run("probe", "--yes") == 0
    asked = answers(deployed)
    assert asked["retry_keeps_request_id"]["not_asked"] == "the function runs in mode report"
    assert asked["rule_tests"]["not_asked"].startswith("say --rule")
    deployed.cloud.oss.block_account(deployed.cloud.account_id, blocked=True)
    assert deployed.run("remove", "--yes", "--roles") == 0
    assert deployed.run("probe", "--yes") == 0
    asked = answers(deployed)
    assert asked["policy_shows"]["not_asked"] == "Block Public Access is on for the account"
    assert asked["cloud_config_body"]["not_asked"] == "there is no rule"
    assert "PublishMessage" not in [entry.action for entry in deployed.writes()]


def leave(account: Account, name: str, tags: Mapping[str, str], *, old: bool = True) -> None:
    """A bucket is there, open in both ways, as a probe that was killed may leave it."""
    account.cloud.oss.create(name, acl="public-read", region="cn-beijing", age=0)
    account.cloud.oss.set_tags(name, tags)
    if old:
        age(account, name)


def test_leftovers_are_shown_closed_and_deleted(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is surely one's own; young ones by --clean alone. Nobody else's is touched."""
    ours = [new_name(account.cloud.account_id) for _ in range(4)]
    other = new_name("another account")
    leave(account, ours[0], TAGS)
    leave(account, ours[1], {})
    leave(account, ours[2], {"owner": "somebody"})
    leave(account, ours[3], TAGS, old=False)
    leave(account, other, TAGS)
    leave(account, f"{ours[0]}-of-mine", TAGS)
    stay = sorted([ours[2], other, f"{ours[0]}-of-mine"])

    assert account.run("probe", "--yes") == 0
    assert account.cloud.oss.names() == sorted([*stay, ours[3]])
    told = capsys.readouterr().out
    for name in ours[:2]:
        assert f"would close and delete {name}" in told
    assert f"left {ours[3]}" in told
    closed = [e.subject for e in account.writes() if e.action == "PutBucketPublicAccessBlock"]
    deleted = [e.subject for e in account.writes() if e.action == "DeleteBucket"]
    assert closed[:2] == deleted[:2] == sorted(ours[:2])

    assert account.run("probe", "--clean", "--yes") == 0
    assert account.cloud.oss.names() == stay
    assert account.run("probe", "--clean") == 0
    assert "nothing to do" in capsys.readouterr().out
    assert {account.cloud.oss.bucket(name).acl for name in stay} == {"public-read"}


def test_a_bucket_that_was_made_again_is_left_alone(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever has its name by now, and whatever its tags: its date tells, before each write."""
    names: list[str] = []

    def swap() -> None:
        names[:] = account.cloud.oss.names()
        account.cloud.oss.delete(names[0])
        account.cloud.oss.create(names[0], acl="public-read", age=-5)
        account.cloud.oss.set_tags(names[0], TAGS)

    with at(account.cloud, "oss:PutBucketPublicAccessBlock".__eq__, 0, swap) as reached:
        assert account.run("probe", "--yes") == 0
    assert reached.is_set()
    said = capsys.readouterr().out
    assert f"{names[0]} is not what this run made" in said
    assert account.cloud.oss.bucket(names[0]).acl == "public-read"
    (last,) = [e for e in account.writes() if e.subject == names[0]][-1:]
    assert last.action == "PutBucketPublicAccessBlock"  # which was under way


def test_two_at_once_leave_each_other_alone(product: Account) -> None:
    """While one stands still, its bucket open, another one runs as a whole."""

    def run(folder: str) -> int:
        return product.run("probe", "--yes", "--output", str(product.folder / folder))

    ends = overtaken(
        product.cloud, "oss:PutBucketAcl", 1, lambda: run("slow"), lambda: run("quick")
    )
    assert ends == (0, 0)
    assert_nothing_left(product)
    for each in ("slow", "quick"):
        asked = json.loads((product.folder / each).read_text())["questions"]
        assert [key for key in asked if asked[key]["not_asked"]][1:] == [
            *("config_sites", "put_acl_needs_put_bucket", "rule_tests")
        ]


@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
@pytest.mark.usefixtures("in_foreground")
class TestStopped:
    """Stopped at a request: the bucket is closed and deleted at once; the rest by the next run."""

    # Of some ninety: while it looks, once it was made, is refused, is open; in the message.
    @pytest.mark.parametrize("part", [3, 9, 17, 30, 45, 60, 75])
    def test_at_a_request(self, product: Account, part: int) -> None:
        """By Ctrl-C."""
        assert self.stopped(product, part)

    @pytest.mark.bad_days
    @pytest.mark.timeout(900)
    def test_at_each_request(self, product: Account) -> None:
        """Until the run ends before."""
        beginning, part = product.beginning(), 0
        while self.stopped(product, part):
            part += 1
            product.begin_again(beginning)
        assert part > 60

    def stopped(self, product: Account, part: int) -> bool:
        """Whether it came to that."""

        def stop() -> None:
            os.kill(os.getpid(), signal.SIGINT)

        with at(product.cloud, lambda _: True, part, stop) as reached:
            end = product.run("probe", "--yes")
        if not reached.is_set():
            assert end == 0
            return False
        assert end == 1, part
        # What was under way when it was stopped may come about after all, and is of no danger.
        assert {bucket.acl for bucket in product.cloud.oss.all()} <= {"private"}, part
        product.rest()
        product.cloud.clock.advance(60)
        assert product.run("probe", "--clean", "--yes") == 0, part
        assert_nothing_left(product)
        return True


# Of its writes: making it, tagging, opening, closing, deleting it, the message.
KILLED = [pytest.param(n, marks=() if n in (1, 7) else pytest.mark.bad_days) for n in range(1, 19)]


@pytest.mark.parametrize("done", KILLED)
def test_who_is_killed_leaves_nothing_for_long(product: Account, done: int) -> None:
    """By SIGKILL, whatever is under way then: the next run finds it by its name and its mark."""
    key, held = product.key, Hold()
    environ = {
        "ALIBABA_CLOUD_ACCESS_KEY_ID": key.access_key_id,
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": key.access_key_secret,
    }
    output = ("--output", str(product.folder / "probe.json"))
    with (
        write_after(product, done, held) as reached,
        product.process("probe", "--yes", *output, **environ) as process,
    ):
        assert reached.wait(60), process.communicate()
        process.kill()
    held.released.set()
    product.rest()
    product.cloud.clock.advance(60)
    assert product.run("probe", "--clean", "--yes") == 0
    assert_nothing_left(product)


def test_a_leftover_that_is_not_empty_is_told_and_stays(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """Somebody put something into it: it is closed, and the run goes on."""
    name = new_name(account.cloud.account_id)
    leave(account, name, TAGS)
    account.cloud.oss.put_object(name, "a", b"b")
    assert account.run("probe", "--yes") == 1
    assert account.cloud.oss.names() == [name]
    assert account.cloud.oss.bucket(name).acl == "private"
    told = capsys.readouterr()
    assert "BucketNotEmpty" in told.err
    assert f"{name} is not empty" in told.out
    assert "--clean" not in told.out
    assert answers(account)["acl_shows"]["answer"] is not None


def test_a_missing_log_store_is_no_end_of_the_run(product: Account) -> None:
    """Nor whatever else a question finds missing: the file is written, without its name."""
    product.cloud.log.delete_project(product.log_project)
    product.cloud.settle()
    assert product.run("probe", "--yes") == 0
    asked = answers(product)
    assert asked["retry_keeps_request_id"]["not_asked"].startswith("what it rests on")
    assert product.log_project not in written(product)
    assert "PublishMessage" not in [entry.action for entry in product.writes()]


@pytest.mark.parametrize("keeps", [True, False])
def test_a_message_that_is_delivered_twice_tells_as_much(product: Account, *, keeps: bool) -> None:
    """A topic delivers at least once: two deliveries have two ids, retries or not; both go."""
    product.cloud.fc.retries_keep_id = keeps
    product.cloud.mns._copies = 2
    try:
        assert product.run("probe", "--yes") == 0
    finally:
        product.cloud.mns._copies = 1
    assert answers(product)["retry_keeps_request_id"]["answer"] is keeps
    assert_nothing_left(product)


def test_a_message_that_may_stay_is_told_with_what_takes_it_out(
    product: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """It was sent, and did not come in time: that is no success."""
    product.cloud.faults.add("fc:run", Fail(503, "ServiceUnavailable"), times=10**6)
    assert product.run("probe", "--yes", "--timeout", "0") == 1
    product.cloud.faults.clear()
    assert answers(product)["retry_keeps_request_id"]["not_asked"]
    assert "`resource-repair probe --clean` takes it away" in capsys.readouterr().out
    product.rest()
    assert product.run("probe", "--clean", "--yes") == 0
    assert_nothing_left(product)


def test_an_outage_is_no_answer(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a service says when it is overloaded tells nothing of the account."""
    address = account.cloud.endpoints.config.removeprefix("http://")
    account.shell["RESOURCE_REPAIR_CONFIG_ENDPOINT"] = f"http://{{region}}.{address}"
    faults = {
        "config:GetConfigurationRecorder": "config_sites",
        "log:ListResourceRecords": "alert_records",
        "fc:ListServices": "function_compute_2",
    }
    for operation in faults:
        account.cloud.faults.add(operation, Fail(503, "ServiceUnavailable"), times=100)
    monkeypatch.setattr(patience, "_TRIES", 1)
    assert account.run("probe", "--yes") == 1
    account.cloud.faults.clear()
    asked = answers(account)
    for key in faults.values():
        assert asked[key]["answer"] is None, key
        assert "ServiceUnavailable" in asked[key]["not_asked"]


def test_how_long_a_change_takes_is_told_of_a_change(account: Account) -> None:
    """Block Public Access that is on already is switched off first."""
    account.cloud.oss.block_new_buckets = True
    with at(account.cloud, "oss:PutBucketPublicAccessBlock".__eq__, 1, lambda: Lag(reads=3)):
        assert account.run("probe", "--yes") == 0
    assert answers(account)["block_shows"]["looks"] == 4


def test_the_lift_is_heeded_as_of_the_write(account: Account) -> None:
    """Not as of when it shows: what refuses until then is looked at as well."""
    with at(account.cloud, "oss:PutBucketPublicAccessBlock".__eq__, 1, lambda: Lag(reads=5)):
        assert account.run("probe", "--yes") == 0
    assert answers(account)["lift_heeded"]["looks"] >= 5


def test_a_policy_s_status_is_believed_at_several_looks(account: Account) -> None:
    """The first after the switch may be of what was before it."""

    def spread() -> None:
        account.cloud.oss.policy_status_heeds_block = True

    with at(account.cloud, "oss:GetBucketPolicyStatus".__eq__, 2, spread):
        assert account.run("probe", "--yes") == 0
    assert answers(account)["policy_status_under_block"]["answer"] is False


def test_it_is_public_for_no_longer_than_the_plan_says(
    account: Account, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Looks for what does not show end with that time, and the bucket is closed."""
    monkeypatch.setattr(probe_bucket, "OPEN_FOR", 1.0)
    with at(account.cloud, "oss:PutBucketAcl".__eq__, 1, lambda: Lag(reads=10**6)):
        assert account.run("probe", "--yes") == 0
    assert answers(account)["acl_shows"]["not_asked"] == "it did not show within 1 s"
    assert "public by its policy for 2 s at most, and by its ACL for 1 s" in capsys.readouterr().out


def test_of_several_rules_it_is_not_told_what_one_tests(product: Account) -> None:
    """The worst of their findings would be taken for that of the one."""
    several = f"{product.rule_id},cr-another"
    assert product.run("probe", "--yes", "--rule", PREPARE_RULE_ID=several) == 0
    assert "several rules" in answers(product)["rule_tests"]["not_asked"]


def test_another_region_that_is_busy_is_asked_again(account: Account) -> None:
    """As every read is."""
    busy = Fail(503, "ServiceUnavailable")
    with at(account.cloud, "oss:GetBucketInfo".__eq__, 3, lambda: busy) as reached:
        assert account.run("probe", "--yes") == 0
    assert reached.is_set()
    assert answers(account)["info_anywhere"]["answer"] is False


def test_what_cannot_be_written_is_refused_before_anything_is_made(account: Account) -> None:
    """Whatever is in its way, and wherever."""
    (account.folder / "file").write_text("")
    output = account.folder / "file" / "deeper" / "probe.json"
    assert account.run("probe", "--yes", "--output", str(output)) == 2
    assert account.writes() == []


def test_tags_of_alibaba_cloud_s_own_make_it_nobody_else_s(account: Account) -> None:
    """The account may have whatever is made tagged with who made it."""
    name = new_name(account.cloud.account_id)
    leave(account, name, TAGS)
    buckets = account.cloud.oss._buckets  # where such tags cannot be set by a request
    tags = {"acs:tag:createdby": "sub:1:somebody", **TAGS}
    buckets[name] = replace(buckets[name], tags=tags)
    assert account.run("probe", "--clean", "--yes") == 0
    assert account.cloud.oss.names() == []


def test_a_leftover_that_was_made_again_meanwhile_is_left_alone(account: Account) -> None:
    """Between the plan and the yes."""
    name = new_name(account.cloud.account_id)
    leave(account, name, TAGS)

    def swap() -> None:
        account.cloud.oss.delete(name)
        account.cloud.oss.create(name, acl="public-read", region="cn-beijing", age=5)

    with at(account.cloud, "oss:GetBucketInfo".__eq__, 0, swap) as reached:
        account.run("probe", "--clean", "--yes")
    assert reached.is_set()
    assert account.cloud.oss.bucket(name).acl == "public-read"


def test_the_product_works_as_an_account_answered(
    code: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """On a cloud that takes a file: a bucket is closed, by findings in base64, to the end."""
    told = {"schema": 1, "questions": {key: {"answer": OTHERWISE[key]} for key in OTHERWISE}}
    probed = tmp_path_factory.mktemp("probed") / "probe.json"
    probed.write_text(json.dumps(told))
    with LocalCloud(time_scale=0.0001, probed=probed) as cloud:
        assert cloud.config.publishes_base64
        cloud.config.site = ""  # these verbs have one endpoint
        folder = tmp_path_factory.mktemp("moments")
        product = Moments(cloud, lambda: code, folder).deployed(
            tmp_path_factory.mktemp("project"), bundle=True
        )
        assert product.run("verify", "--loop") == 0


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"schema": 2, "questions": {}}', "has schema 2"),
        ("[]", "is no file of a probe"),
        ('{"schema": 1, "questions": {"rule_tests": {"answer": "all"}}}', "is one of"),
        ("no JSON", "is no file of a probe"),
    ],
)
def test_a_cloud_refuses_what_is_no_such_file(tmp_path: Path, text: str, says: str) -> None:
    """It says what is wrong with it, and does not begin."""
    path = tmp_path / "probe.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=says):
        LocalCloud(probed=path)
