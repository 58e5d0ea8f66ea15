"""The probe: what it asks of an account on a bucket of its own, and what it tells."""

import json
from pathlib import Path

import pytest

from scripts import patience
from scripts.account import own_bucket
from scripts.flows.probing import QUESTIONS
from scripts.localcloud import Fail, Lag, LocalCloud
from scripts.localcloud.switches import set_switch
from scripts.verbs.probe import VERB
from tests.account import QUEUE, Account, Moments
from tests.contract.probe_rig import answers, assert_nothing_left, shorter, written
from tests.e2e.givens import finding_given_up
from tests.parts import at, sampled, without

__all__ = ["shorter"]

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


def test_a_missing_queue_is_no_end_of_the_run(product: Account) -> None:
    """The file tells the rest, and the verb that something was not there."""
    product.cloud.mns.delete_queue(QUEUE)
    assert product.run("probe", "--yes") == 1
    asked = answers(product)
    assert asked["acl_shows"]["answer"] is not None
    assert QUEUE not in asked["published_body"]["not_asked"]


def test_a_missing_log_store_is_no_end_of_the_run(product: Account) -> None:
    """Nor whatever else a question finds missing: the file is written, without its name."""
    product.cloud.log.delete_project(product.log_project)
    product.cloud.settle()
    assert product.run("probe", "--yes") == 1
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
