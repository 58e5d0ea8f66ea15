"""A cloud that goes back answers as before, and nothing that was going on comes after."""

import contextlib
import os
import textwrap
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import oss2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scripts.localcloud import Fail, Hold, LocalCloud
from scripts.localcloud.cloud import Snapshot
from scripts.localcloud.config.channels import Channel
from scripts.localcloud.config.rules import Ignore
from scripts.localcloud.config.worker import Worker
from scripts.localcloud.fc.asynchronous import AsyncInvocations
from scripts.localcloud.fc.runner import Runner
from scripts.localcloud.log.index import Index
from scripts.localcloud.log.state import Search
from scripts.localcloud.mns.delivery import Deliveries
from scripts.localcloud.ram import policies
from scripts.localcloud.service import Core
from tests.contract.fc_helpers import QUICK, zip_file
from tests.contract.log_helpers import PROJECT, STORE, WHOLE, make_store
from tests.parts import clients

TOPIC, QUEUE, ROLE, ALERT = "topic", "queue", "role", "some-alert"
PLACE = ("service", "function")
SOURCE = """\
import os, time
count = 0
def handler(event, context):
    global count
    count += 1
    if event == b"fail":
        raise ValueError(event)
    if event.startswith(b"hang"):
        with open(event.decode()[4:], "w") as file:
            file.write(str(os.getpid()))
        time.sleep(60)
    return str(count)
"""
# What only works, and holds nothing that is answered; a rollback makes it anew.
WORKERS = (AsyncInvocations, Deliveries, Runner, Worker)


@pytest.fixture(scope="module")
def cloud() -> Iterator[LocalCloud]:
    """A cloud that has something of everything."""
    with LocalCloud(time_scale=0.001) as cloud:
        fill(cloud)
        yield cloud


@pytest.fixture(scope="module")
def filled(cloud: LocalCloud) -> Snapshot:
    """What it has."""
    return cloud.snapshot()


@pytest.fixture(autouse=True)
def as_it_was(cloud: LocalCloud, filled: Snapshot) -> None:
    """Each test begins with that."""
    cloud.rollback(filled)


def fill(cloud: LocalCloud) -> None:
    """A bucket whose findings go to a function, its roles and logs, an alert and a queue."""
    cloud.ram.create_role(ROLE, policies.trust("fc.aliyuncs.com"))
    cloud.ram.roles[ROLE].trust["Statement"][0]["Principal"]["Service"].append("mns.aliyuncs.com")
    cloud.ram.create_policy("custom", policies.document(policies.allow("*")))
    cloud.ram.attach(ROLE, "Custom", "custom")
    make_store(cloud)
    cloud.log.write(PROJECT, STORE, [{"message": "one"}])
    cloud.log.records.create("sls.common.user", "them", "them", "{}")
    cloud.log.alerts.create(PROJECT, ALERT, alert())
    cloud.mns.create_topic(TOPIC)
    cloud.mns.create_queue(QUEUE)
    cloud.mns.send(QUEUE, "one")
    role = cloud.ram.arn(ROLE)
    config = {"project": PROJECT, "logstore": STORE}
    cloud.fc.resources.create_service(PLACE[0], {"role": role, "logConfig": config})
    code = {"zipFile": zip_file(textwrap.dedent(SOURCE))}
    fields = {"runtime": QUICK, "handler": "index.handler", "timeout": 100, "code": code}
    cloud.fc.resources.create_function(*PLACE, fields)
    cloud.fc.resources.put_async_config(*PLACE, {"maxAsyncRetryAttempts": 8})
    arn = f"acs:mns:{cloud.region}:{cloud.account_id}:/topics/{TOPIC}"
    trigger = {"triggerName": "t", "triggerType": "mns_topic", "sourceArn": arn}
    cloud.fc.triggers.create(*PLACE, {**trigger, "invocationRole": role, "triggerConfig": {}})
    cloud.config.create_channel(Channel(arn))
    cloud.config.create_rule("rule", "oss-bucket-public-read-prohibited")
    cloud.oss.create("alpha", acl="public-read")
    cloud.oss.set_tags("alpha", {"a": "b"})


def alert() -> dict[str, Any]:
    """An alert's settings, as the wire has them."""
    asked = {"project": PROJECT, "store": STORE, "query": "*", "start": "-1h"}
    configuration = {
        "version": "2.0",
        "queryList": [{**asked, "timeSpanType": "Relative"}],
        "groupConfiguration": {"type": "no_group"},
        "severityConfigurations": [{"severity": 8, "evalCondition": {"condition": ""}}],
        "threshold": 1,
        "annotations": [],
        "policyConfiguration": {"actionPolicyId": "nobody", "repeatInterval": "1h"},
    }
    schedule = {"type": "FixedRate", "interval": "24h"}
    return {"displayName": "any", "configuration": configuration, "schedule": schedule}


def rule_id(cloud: LocalCloud) -> str:
    """The first rule's."""
    return cloud.config.rules()[0].id


Operation = Callable[[LocalCloud], object]

OPERATIONS: dict[str, Operation] = {
    "a bucket is made": lambda cloud: cloud.oss.create("beta", acl="public-read-write"),
    "a bucket is closed": lambda cloud: cloud.oss.set_acl("alpha", "private"),
    "a bucket shows late": lambda cloud: cloud.oss.let_acl_lag("alpha", 5),
    "a bucket goes": lambda cloud: cloud.oss.delete("alpha"),
    "an object comes": lambda cloud: cloud.oss.put_object("alpha", "key", b"body"),
    "an account is blocked": lambda cloud: cloud.oss.block_account(cloud.account_id, blocked=True),
    "buckets are blocked": lambda cloud: setattr(cloud.oss, "block_new_buckets", True),
    "nobody hears of buckets": lambda cloud: cloud.oss.on_change.clear(),
    "a client writes": lambda cloud: bucket(cloud, "alpha").put_bucket_acl("public-read-write"),
    "a client reads": lambda cloud: bucket(cloud, "alpha").get_bucket_acl(),
    "a message comes": lambda cloud: cloud.mns.send(QUEUE, "two"),
    "a message is taken": lambda cloud: cloud.mns.receive(QUEUE),
    "a queue goes": lambda cloud: cloud.mns.delete_queue(QUEUE),
    "a topic goes": lambda cloud: cloud.mns.delete_topic(TOPIC),
    "a topic is told": lambda cloud: cloud.mns.publish(TOPIC, "hello"),
    "a topic is told for the function to fail": lambda cloud: cloud.mns.publish(TOPIC, "fail"),
    "counts are told no more": lambda cloud: setattr(cloud.mns, "tells_counts", False),
    "a role comes": lambda cloud: cloud.ram.create_role("r", policies.trust("fc.aliyuncs.com")),
    "a role loses its policy": lambda cloud: cloud.ram.detach(ROLE, "Custom", "custom"),
    "a policy is edited": lambda cloud: cloud.ram.create_policy_version(
        "custom", policies.document(policies.allow("oss:*")), default=True
    ),
    "a policy is edited in place": lambda cloud: (
        cloud.ram.policies["Custom", "custom"].document["Statement"].clear()
    ),
    "the key is revoked": lambda cloud: cloud.ram.revoke(cloud.credentials.access_key_id),
    "a log is written": lambda cloud: cloud.log.write(PROJECT, STORE, [{"message": "two"}]),
    "a project goes": lambda cloud: cloud.log.delete_project(PROJECT),
    "an index changes": lambda cloud: cloud.log.update_index(
        PROJECT, STORE, Index.parse({**WHOLE, "keys": {}})
    ),
    "searches lag": lambda cloud: cloud.log.let_search_lag(5),
    "alerts are checked": lambda cloud: cloud.log.alerts.check(),
    "an alert is switched off": lambda cloud: cloud.log.alerts.switch(PROJECT, ALERT, "DISABLED"),
    "a record changes": lambda cloud: cloud.log.records.update(
        "sls.common.user", "them", "others", "{}"
    ),
    "a function is set up otherwise": lambda cloud: cloud.fc.resources.update_function(
        *PLACE, {"environmentVariables": {"a": "b"}}
    ),
    "a trigger goes": lambda cloud: cloud.fc.triggers.delete(*PLACE, "t"),
    "a function goes": lambda cloud: cloud.fc.resources.delete_function(*PLACE),
    "a function runs": lambda cloud: cloud.fc.invoke(*PLACE, b""),
    "a function is to run": lambda cloud: cloud.fc.invoke_async(*PLACE, b""),
    "a function is to fail": lambda cloud: cloud.fc.invoke_async(*PLACE, b"fail"),
    "something lies under": lambda cloud: cloud.fc.function_environment.update(under="neath"),
    "a service is bound": lambda cloud: cloud.fc.bindings.bind(PLACE[0], "vpc"),
    "a rule comes": lambda cloud: cloud.config.create_rule(
        "other", "oss-bucket-public-write-prohibited"
    ),
    "a rule is run": lambda cloud: cloud.config.start_evaluation(rule_id(cloud)),
    "a rule goes": lambda cloud: cloud.config.delete_rule(rule_id(cloud)),
    "a bucket is ignored": lambda cloud: cloud.config.ignore(
        rule_id(cloud), ["alpha"], Ignore("why not", None)
    ),
    "a channel goes": lambda cloud: cloud.config.delete_channel(cloud.config.channels()[0].id),
    "recording ends": lambda cloud: setattr(cloud.config, "recorder", "REGISTRABLE"),
    "days pass": lambda cloud: cloud.clock.advance(5 * 86400),
    "a fault is ordered": lambda cloud: cloud.faults.add(
        "oss:GetBucketAcl", Fail(503, "ServiceUnavailable"), times=3, may_be_unmet=True
    ),
    "things come to rest": lambda cloud: cloud.wait_idle(1),
}


@settings(max_examples=60)
@given(done=st.lists(st.sampled_from(sorted(OPERATIONS)), max_size=12))
def test_whatever_was_done_is_undone(cloud: LocalCloud, filled: Snapshot, done: list[str]) -> None:
    """After any operations, those still going on included, a rollback has all be as it was."""
    cloud.rollback(filled)
    before = picture(cloud)
    for name in done:
        with contextlib.suppress(Exception):  # what an earlier one took away
            OPERATIONS[name](cloud)
    cloud.rollback(filled)
    assert picture(cloud) == before
    assert cloud.wait_idle(0)


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_service_answers_as_before(cloud: LocalCloud, filled: Snapshot, name: str) -> None:
    """Clients, and the function itself, are answered what they were answered before."""
    before = answers(cloud)
    cloud.rollback(filled)
    if name == "a function goes":
        OPERATIONS["a trigger goes"](cloud)
    OPERATIONS[name](cloud)
    cloud.rollback(filled)
    assert answers(cloud) == before


def test_a_snapshot_serves_more_than_once(cloud: LocalCloud, filled: Snapshot) -> None:
    """What was changed after a rollback is gone after the next one."""
    for _ in range(2):
        cloud.ram.roles[ROLE].attached.clear()
        cloud.fc.function_environment["left"] = "over"
        cloud.rollback(filled)
        assert cloud.ram.roles[ROLE].attached
        assert "left" not in cloud.fc.function_environment


def test_a_cloud_goes_back_to_its_own_snapshot_only(filled: Snapshot) -> None:
    """Another's is refused, and changes nothing."""
    with LocalCloud() as other:
        other.oss.create("theirs")
        with pytest.raises(ValueError, match="another local cloud"):
            other.rollback(filled)
        assert other.oss.names() == ["theirs"]


def test_a_request_of_before_changes_nothing_after(cloud: LocalCloud, filled: Snapshot) -> None:
    """A write that is held while the cloud goes back is neither there nor in the journal."""
    hold = Hold()
    order = cloud.faults.add("oss:PutBucketAcl", hold)
    with ThreadPoolExecutor(1) as thread:
        writing = thread.submit(bucket(cloud, "alpha").put_bucket_acl, "public-read-write")
        assert order.met.wait(60)
        cloud.rollback(filled)
        hold.released.set()
        with contextlib.suppress(oss2.exceptions.OssError):
            writing.result()
    assert cloud.oss.bucket("alpha").acl == "public-read"
    assert not cloud.journal.entries("oss", "PutBucketAcl")


@pytest.mark.parametrize("kind", ["invoke", "invoke_async"])
def test_a_function_of_before_does_nothing_after(
    cloud: LocalCloud, filled: Snapshot, tmp_path: Path, kind: str
) -> None:
    """One that runs while the cloud goes back is ended, is not run again, and leaves no log."""
    before = picture(cloud)
    note = tmp_path / "note"
    os.mkfifo(note)
    with ThreadPoolExecutor(1) as thread:
        running = thread.submit(getattr(cloud.fc, kind), *PLACE, event=f"hang{note}")
        process = int(note.read_text())  # it is running by then
        cloud.rollback(filled)
        running.result()
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)
    if kind == "invoke_async":  # the other one is told to its caller, who may write it down
        assert picture(cloud) == before


def test_functions_that_are_what_they_were_can_stay_warm(
    cloud: LocalCloud, filled: Snapshot
) -> None:
    """Where that is wanted, an idle process goes on; one of what was changed, or busy, ends."""

    def run() -> bytes:
        return cloud.fc.invoke(*PLACE, b"").payload

    cloud.fc.stays_warm = True
    kept = cloud.snapshot()
    assert [run(), run()] == [b"1", b"2"]
    cloud.rollback(kept)
    assert run() == b"3"
    cloud.fc.resources.update_function(*PLACE, {"environmentVariables": {"a": "b"}})
    assert run() == b"1"
    cloud.rollback(kept)
    assert run() == b"1"
    cloud.fc.function_environment["under"] = "neath"
    cloud.rollback(filled)
    assert run() == b"1"  # as it was not wanted then


def test_no_work_of_before_is_left() -> None:
    """What delivers, runs, evaluates and checks is another; what it had to do is forgotten."""
    others = set(threading.enumerate())  # of the clouds of other tests
    with LocalCloud(time_scale=0.001) as cloud:
        fill(cloud)
        filled = cloud.snapshot()
        cloud.clock.scale = 1000.0  # retries and evaluations are hours away
        cloud.mns.publish(TOPIC, "fail")
        cloud.config.start_evaluation(rule_id(cloud))
        cloud.fc.invoke_async(*PLACE, b"fail")
        assert cloud.journal.wait_for(lambda all_: any(e.action == "retried" for e in all_), 60)
        ours = set(threading.enumerate()) - others
        workers = [each for each in ours if each.name.startswith(WORKING)]
        assert len({worker.name.partition("-")[0] for worker in workers}) == len(WORKING)
        cloud.rollback(filled)
        assert not any(worker.is_alive() for worker in workers)
        assert cloud.wait_idle(0)


WORKING = ("config", "fc", "log", "mns")


def test_a_cloud_that_went_back_still_works(cloud: LocalCloud, filled: Snapshot) -> None:
    """What is opened is evaluated, delivered and handled; alerts and faults do what they did."""
    cloud.rollback(filled)
    seen = len(cloud.journal.entries())
    cloud.oss.create("gamma", acl="public-read")
    assert cloud.wait_idle()
    told = [(each.service, each.action) for each in cloud.journal.entries()[seen:]]
    for happening in [("config", "published"), ("mns", "delivered"), ("fc", "invoked")]:
        assert happening in told
    cloud.faults.add("oss:GetBucketAcl", Fail(403, "AccessDenied"))
    with pytest.raises(oss2.exceptions.AccessDenied):
        bucket(cloud, "gamma").get_bucket_acl()
    assert bucket(cloud, "gamma").get_bucket_acl().acl == "public-read"


def test_what_does_not_rest_is_not_remembered(cloud: LocalCloud) -> None:
    """A snapshot is of a cloud at rest: one that is kept from it is refused."""
    cloud.clock.scale = 1000.0  # the retry is hours away
    cloud.fc.invoke_async(*PLACE, b"fail")
    with pytest.raises(RuntimeError, match="does not rest"):
        cloud.snapshot(timeout=0)


def bucket(cloud: LocalCloud, name: str) -> Any:
    """A real client for a bucket."""
    return clients(cloud).bucket(name)


def answers(cloud: LocalCloud) -> dict[str, object]:
    """What each service answers, and what came of asking."""
    info = bucket(cloud, "alpha").get_bucket_info()
    return {
        "buckets": [(info.acl.grant, info.creation_date), cloud.oss.bucket("alpha").tags],
        "run": cloud.fc.invoke(*PLACE, b"", request_id="asked").payload,
        "printed": cloud.fc.logs(*PLACE),
        "function": cloud.fc.resources.function(*PLACE),
        "triggers": cloud.fc.resources.triggers(*PLACE),
        "vpcs": cloud.fc.bindings.of(PLACE[0]),
        "messages": [(m.id, m.dequeue_count) for m in cloud.mns.peek(QUEUE)],
        "topics": [cloud.mns.topic(TOPIC), cloud.mns.message_count(TOPIC)],
        "roles": dict(cloud.ram.roles),
        "policies": cloud.ram.policy("Custom", "custom"),
        "rules": cloud.config.rules(),
        "results": cloud.config.results(rule_id(cloud)),
        "channels": cloud.config.channels(),
        "logs": cloud.log.search(PROJECT, STORE, Search("*", 0, 2**33)).complete,
        "alerts": cloud.log.alerts.all(PROJECT),
        "records": cloud.log.records.all("sls.common.user"),
        "now": round(cloud.clock.now() / 3600 / 24),
    }


def picture(thing: object) -> object:
    """All that the cloud's parts hold, whatever they call it, but for what only works.

    So that what is kept tomorrow must be put back, too.
    """
    seen: set[int] = set()

    def of(thing: object) -> object:
        if isinstance(thing, dict):
            return type(thing).__name__, {key: of(each) for key, each in thing.items()}
        if isinstance(thing, list | tuple) and not isinstance(thing, Core):
            return [of(each) for each in thing]
        if isinstance(thing, set):
            return sorted(thing)
        ours = type(thing).__module__.startswith("scripts.localcloud")
        if isinstance(thing, WORKERS) or not (ours and hasattr(thing, "__dict__")):
            return thing if isinstance(thing, str | bytes | int | float) else None
        if id(thing) in seen:
            return "seen"
        seen.add(id(thing))
        return {name: of(each) for name, each in vars(thing).items() if name not in PASSING}

    return of(thing)


# The moment of an alert's next check, how often a listener was called, and the parts' own list.
PASSING = ("_due", "listeners", "_parts")
