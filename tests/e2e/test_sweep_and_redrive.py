"""What was open before is closed, what is due by now too, and what failed is sent again."""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from resource_repair.exemptions import parse
from scripts.account.package import with_exemptions
from scripts.localcloud import Fail, LocalCloud
from tests.account import QUEUE, TOPIC, Account
from tests.e2e.givens import finding_given_up
from tests.parts import EITHER, held_at

Answer = Callable[..., Any]


def answers(product: Account, capsys: pytest.CaptureFixture[str]) -> Answer:
    """What runs a verb, holds it to its exit code, and gives its document."""

    def run(verb: str, *arguments: str, ends: int = 0) -> Any:
        capsys.readouterr()
        assert product.run(verb, *arguments, "--json") == ends, capsys.readouterr()
        return json.loads(capsys.readouterr().out)

    return run


def exempt(product: Account, bucket: str, days: int) -> None:
    """Build the bundle anew, with the bucket exempt until so many days from today."""
    until = datetime.now(timezone.utc).date() + timedelta(days=days)
    entry = {"bucket": bucket, "reason": "site", "owner": "web", "expires": until.isoformat()}
    path = product.folder / "build" / "function.zip"
    path.write_bytes(with_exemptions(path.read_bytes(), parse([entry])))


def test_an_expired_exemption_ends_with_a_closed_bucket(
    product: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exempt while that held, and no finding since: once it is over, the next sweep closes it."""
    cloud = product.cloud
    run = answers(product, capsys)
    exempt(product, "site", days=3)
    product.shell["EXPECT_DROP"] = "config-website"
    run("apply", "--yes")
    cloud.oss.create("site", acl="public-read")
    product.rest()
    cloud.clock.advance(2)  # by then the log is searched
    assert run("audit")["outcomes"] == {"exempt": 1}
    assert run("sweep", "--due", "--grace", "0", "--yes")["exempt"] == ["site"]
    assert cloud.oss.bucket("site").acl == "public-read"

    # As if the days had passed; a deploy that ends an exemption early wants to hear its name.
    exempt(product, "site", days=-1)
    product.shell["EXPECT_DROP"] = "site"
    run("apply", "--yes")
    product.rest()
    assert cloud.oss.bucket("site").acl == "public-read"  # nobody tells the function

    (swept,) = run("sweep", "--due", "--yes")["buckets"]
    assert (swept["bucket"], swept["due"]) == ("site", "it was exempt, and is no more")
    assert swept["outcome"] == "repaired"
    assert cloud.oss.bucket("site").acl == "private"
    product.rest()
    assert run("sweep", "--due", "--yes")["buckets"] == []


@EITHER
def test_what_failed_is_sent_again_and_nothing_is_lost(
    product: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """OSS denies, the queue fills, the doctor names redrive; that empties it, once mended."""
    names = {f"opened-{number}" for number in range(3)}
    cloud = product.cloud
    run = answers(product, capsys)
    cloud.faults.add("oss:PutBucketAcl", Fail(403, "AccessDenied"), times=1000)
    for name in names:
        cloud.oss.create(name, acl="public-read")
    product.rest()
    assert len(cloud.mns.messages(QUEUE)) == len(names)
    assert "resource-repair redrive" in json.dumps(run("doctor", ends=1))
    assert "resource-repair redrive" in run("remove", "--yes", ends=1)["error"]

    # Not mended yet: all of them stay.
    assert not any(each["removed"] for each in run("redrive", "--yes", ends=1)["messages"])
    assert len(cloud.mns.messages(QUEUE)) == len(names)

    cloud.faults.clear()
    sent = run("redrive", "--yes")["messages"]
    assert {bucket for each in sent for bucket in each["buckets"]} == names
    assert all(each["removed"] for each in sent)
    assert cloud.mns.messages(QUEUE) == []
    assert {cloud.oss.bucket(name).acl for name in names} == {"private"}
    product.rest()
    assert run("doctor")["sound"]


@pytest.mark.parametrize(("length", "pad"), [(65_400, "x"), (45_000, '"')], ids=["long", "quotes"])
def test_what_is_too_long_to_be_kept_is_found_by_a_sweep(
    product: Account, capsys: pytest.CaptureFixture[str], length: int, pad: str
) -> None:
    """Function Compute's envelope has 64 KB: a longer list is dropped, and its buckets are due."""
    names = ["listed-1", "listed-2"]
    cloud = product.cloud
    run = answers(product, capsys)
    product.deliver(on=False)
    for name in names:
        cloud.oss.create(name, acl="public-read")
    product.rest()
    event = a_list(cloud, names, length, pad)
    assert length - 2 <= len(event) <= length
    cloud.faults.add("oss:PutBucketAcl", Fail(403, "AccessDenied"), times=8)

    cloud.mns.publish(TOPIC, event)
    product.rest()

    (given_up,) = cloud.journal.entries("fc", "gave_up")
    assert (given_up.details["runs"], cloud.mns.messages(QUEUE)) == (4, [])
    assert given_up.details["undelivered"] == "the message exceeds 64 KB"
    assert run("redrive", "--yes")["messages"] == []
    cloud.clock.advance(2)  # by then the log is searched
    swept = run("sweep", "--due", "--grace", "0", "--yes")["buckets"]
    assert {each["bucket"]: each["due"] for each in swept} == dict.fromkeys(
        names, "denied, and not tried since"
    )
    assert {cloud.oss.bucket(name).acl for name in names} == {"private"}


def a_list(cloud: LocalCloud, buckets: Sequence[str], length: int, pad: str) -> str:
    """A message with the findings about those buckets, of so many bytes, or one less."""
    (rule,) = cloud.config.rules()
    findings = [json.loads(cloud.config.message(rule.id, bucket)) for bucket in buckets]
    findings[0]["annotation"] = ""
    padding = (length - len(json.dumps(findings))) // len(json.dumps(pad)[1:-1])
    findings[0]["annotation"] = pad * padding
    return json.dumps(findings)


def is_lost(cloud: LocalCloud) -> bool:
    """Whether the bucket is open, and no message knows of it."""
    return cloud.oss.bucket("opened").acl != "private" and not cloud.mns.messages(QUEUE)


def calls_of_a_redrive(product: Account) -> list[tuple[str, int]]:
    """What a redrive of one message changes things by: operations, and how many came before."""
    calls = product.calls()
    assert product.run("redrive", "--yes") == 0
    seen: Counter[str] = Counter()
    found = []
    for call in calls():
        if call.startswith("mns:") or call in ("fc:InvokeFunction", "oss:PutBucketAcl"):
            found.append((call, seen[call]))
            seen[call] += 1
    return found


@pytest.mark.bad_days
@pytest.mark.timeout(300)
def test_a_redrive_that_is_killed_or_overtaken_loses_nothing(product: Account) -> None:
    """At each of its calls: killed there, or another run in between; the next run settles it."""
    cloud = product.cloud
    finding_given_up(product)
    beginning = product.beginning()
    calls = calls_of_a_redrive(product)
    assert {"mns:ReceiveMessage", "fc:InvokeFunction", "mns:DeleteMessage"} <= set(dict(calls))
    for call in calls:
        for spoil in (kill, overtake):
            product.begin_again(beginning)
            spoil(product, *call)
            assert not is_lost(cloud), (spoil, call)
            cloud.clock.advance(15 * 60)  # nobody holds it by then
            assert product.run("redrive", "--yes") == 0, (spoil, call)
            assert cloud.mns.messages(QUEUE) == [], (spoil, call)
            assert cloud.oss.bucket("opened").acl == "private", (spoil, call)


def kill(product: Account, operation: str, nth: int) -> None:
    """A redrive, killed at a call, which is carried out nevertheless."""
    key, journal = product.cloud.credentials, product.cloud.journal
    environ = {
        "ALIBABA_CLOUD_ACCESS_KEY_ID": key.access_key_id,
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": key.access_key_secret,
    }
    with (
        held_at(product.cloud, operation, nth) as (held, reached),
        product.process("redrive", "--yes", **environ) as process,
    ):
        assert reached.wait(60), process.communicate()
        process.kill()
    service, _, action = operation.partition(":")
    before = len(journal.entries(service, action))
    held.released.set()

    def carried_out(_: object) -> bool:
        return len(journal.entries(service, action)) > before

    assert journal.wait_for(carried_out, 30), operation
    product.rest()


def overtake(product: Account, operation: str, nth: int) -> None:
    """A redrive that stands still at a call, while another one runs as a whole."""
    with ThreadPoolExecutor(1) as other:
        with held_at(product.cloud, operation, nth) as (held, reached):
            slow = other.submit(product.run, "redrive", "--yes")
            assert reached.wait(60), operation
        try:
            assert product.run("redrive", "--yes") in (0, 1)
        finally:
            held.released.set()
        assert slow.result() in (0, 1)
