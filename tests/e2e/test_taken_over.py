"""An account that an earlier version deployed is taken over by this one, and may be rolled back.

What that version left is data, in tests/taken_over. It is laid down without this version's help,
and then its verbs are run on it.
"""

import io
import json
import re
import shutil
from contextlib import redirect_stderr, redirect_stdout
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from scripts.localcloud import Fail
from tests.account import TOPIC, Account, Moments
from tests.e2e import recorded_account
from tests.e2e.recorded_account import QUEUE, Recorded, Sdks, parts
from tests.parts import public_policy

BUNDLE = "build/function.zip"
WEBHOOK = "ALERT_WEBHOOK=https://hooks.example.com/services/a-token\n"
IN_A_MONTH = (datetime.now(timezone.utc).date() + timedelta(days=30)).isoformat()
WHY = ("--reason", "serves the shop", "--owner", "web-team", "--expires", IN_A_MONTH)

# What an alert tells people names verbs, and changes with them: True where this version words it
# otherwise. Then provision may change that and nothing else, and a rollback changes it back.
REWORDED = True
# What else is otherwise, as provision makes it: more fields are indexed, and two alerts count
# other lines than of old.
INDEXED_SINCE = ("reason", "rule_name", "reported_at")
COUNT_ANEW = ("resource-repair-silence", "resource-repair-reopened")


class Ran(NamedTuple):
    """What a verb came to: its exit code, its JSON document, and what it said besides."""

    ends: int
    document: Any
    said: str


def run(project: Account, verb: str, *arguments: str) -> Ran:
    """Run a verb by its entry point, as that is now."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        ends = project.run(verb, "--json", *arguments)
    return Ran(int(ends), json.loads(out.getvalue()), err.getvalue())


def live(project: Account) -> None:
    """What happened on the account that was recorded, from an empty cloud on."""
    cloud = project.cloud
    project.env.write_text(WEBHOOK, "utf-8")
    assert run(project, "provision", "--yes").ends == 0
    assert run(project, "apply", "--yes").ends == 0
    for name in ("wiki", "site", "config-website"):  # the last one is exempt
        cloud.oss.create(name, acl="public-read")
        project.rest()
    cloud.oss.create("shared")
    cloud.oss.set_policy("shared", public_policy("shared"))
    cloud.oss.set_acl("shared", "public-read-write")
    project.rest()
    cloud.faults.add("oss:PutBucketAcl", Fail(403, "AccessDenied"), times=100)
    cloud.oss.create("locked", acl="public-read")
    project.rest()
    cloud.faults.clear()
    (rule,) = cloud.config.rules()
    cloud.mns.publish(TOPIC, f'{{"configRuleId": "{rule.id}", "resourceId": "cut-o')
    project.rest()
    assert run(project, "undo", "--bucket", "site", *WHY, "--yes", "--watch", "0").ends == 0
    project.rest()
    assert run(project, "pause", "--reason", "the site moves").ends == 0
    cloud.oss.create("late", acl="public-read")
    project.rest()


class Taken(NamedTuple):
    """An account as it was recorded, in the hands of this version."""

    project: Account
    sdks: Sdks
    recorded: Recorded

    def told(self) -> dict[str, Any]:
        """What the services tell of all that was recorded."""
        return told(self.sdks, self.recorded)

    def writes(self) -> int:
        """How many requests so far changed something, or tried to."""
        return len(self.project.writes())


@pytest.fixture
def taken(moments: Moments, tmp_path: Path) -> Taken:
    """What was recorded, laid down: paused, with one repair undone and two messages waiting."""
    return taking_over(Recorded(), moments.nothing(tmp_path, bundle=True))


def taking_over(recorded: Recorded, project: Account) -> Taken:
    """The account laid down, and a folder in which what the undo has added was committed."""
    bundle = project.folder / BUNDLE
    bundle.write_bytes(recorded_account.package(bundle, recorded.compiled))
    sdks = recorded_account.lay(project.cloud, recorded, bundle.read_bytes())
    project.exemptions.write_text(recorded.reviewed, "utf-8")
    project.env.write_text(sdks.named(recorded.settings), "utf-8")
    project.rest()
    return Taken(project, sdks, recorded)


def told(sdks: Sdks, recorded: Recorded) -> dict[str, Any]:
    """What the services tell of all that was recorded, but for what is worded otherwise."""
    found = sdks.told(recorded.resources)
    for part in parts(found):
        if REWORDED and "annotations" in part:
            part["annotations"] = [each for each in part["annotations"] if each["key"] != "desc"]
        for name in INDEXED_SINCE:
            part.get("json_keys", {}).pop(name, None)
    for name in COUNT_ANEW:
        if alert := found.get(f"alert {name}"):
            alert.update(displayName="", configuration={})
    return found


def faults(examined: Ran) -> list[str]:
    """The links of the chain that the doctor finds at fault."""
    return [each["link"] for each in parts(examined.document) if each.get("state") == "fault"]


def test_nothing_is_to_be_done_but_to_end_the_pause(taken: Taken) -> None:
    """Everything is as it is declared, and found so; the pause is respected, and told."""
    project, before, writes = taken.project, taken.told(), taken.writes()
    assert None not in before.values()

    assert run(project, "provision", "--yes").ends == 0
    assert REWORDED or taken.writes() == writes
    writes = taken.writes()

    applied = run(project, "apply", "--yes")
    assert applied.ends == 1
    assert "is paused since" in applied.said
    assert "(the site moves)" in applied.said
    fields = {each["field"] for each in parts(applied.document) if "field" in each}
    assert fields == {"environmentVariables.repairMode", "environmentVariables.paused"}

    verified = run(project, "verify")
    assert verified.ends == 0
    assert "(the site moves)" in json.dumps(verified.document)

    examined = run(project, "doctor")
    assert examined.ends == 1
    assert faults(examined) == ["failure queue"]
    assert "(the site moves)" in json.dumps(examined.document)

    assert taken.writes() == writes
    assert taken.told() == before
    assert project.env.read_text("utf-8") == taken.sdks.named(taken.recorded.settings)


def test_an_exemption_that_was_set_live_is_not_dropped(taken: Taken, code: Path) -> None:
    """A folder that lacks what an undo has added is not deployed without a word."""
    project, writes = taken.project, taken.writes()
    shutil.copy(code, project.folder / BUNDLE)
    shutil.copy(code.with_name("exemptions.yaml"), project.exemptions)

    applied = run(project, "apply", "--yes")
    assert applied.ends == 1
    assert "the live code exempts site" in applied.said
    assert "exemptions" in faults(run(project, "doctor", "--before-deploy"))

    assert taken.writes() == writes
    assert taken.sdks.exemptions() == taken.recorded.compiled


def test_the_old_audit_lines_are_read(taken: Taken) -> None:
    """All of them, each with all that it said."""
    written = [json.loads(taken.sdks.named(line)) for line in taken.recorded.lines]
    fields = [name for name in written[0] if name != "event"]

    listed = run(taken.project, "audit")
    assert listed.ends == 0
    read = [each for each in parts(listed.document) if "acl_before" in each]
    assert values(read, fields) == values(written, fields)

    shown = run(taken.project, "status")
    assert shown.ends == 1, "one is open, and could not be closed"
    last = {line["bucket"]: line for line in written if line["bucket"]}
    views = [each for each in parts(shown.document) if "last_audit_line" in each]
    read = [each["last_audit_line"] for each in sorted(views, key=lambda each: each["bucket"])]
    assert values(read, fields) == values([last[bucket] for bucket in sorted(last)], fields)
    assert "(the site moves)" in shown.said


def values(lines: list[Any], fields: list[str]) -> list[list[Any]]:
    """Those of the fields, of each line."""
    return [[line[name] for name in fields] for line in lines]


def test_it_is_resumed_redriven_and_undone(taken: Taken) -> None:
    """Each verb goes on from what was left, and nothing else changes by it."""
    project, recorded, before = taken.project, taken.recorded, taken.told()
    kept = run(project, "redrive", "--yes")
    assert kept.ends == 1
    assert "(the site moves)" in kept.said
    assert len(project.cloud.mns.messages(QUEUE)) == 2
    assert taken.told() == before

    assert run(project, "resume", "--yes").ends == 0
    environment = {**recorded.environment, "repairMode": "enforce"}
    del environment["paused"]
    environment["prepareRuleId"] = taken.sdks.names["rule"]
    assert taken.sdks.environment() == environment

    writes = taken.writes()
    assert run(project, "apply", "--yes").ends == 0
    assert run(project, "verify").ends == 0
    assert taken.writes() == writes

    due = run(project, "sweep", "--due", "--grace", "0", "--dry-run")
    assert {each["bucket"] for each in parts(due.document) if "bucket" in each} == {
        "late",
        "locked",
    }

    assert run(project, "redrive", "--yes").ends == 1  # one that cannot be read is for a person
    assert project.cloud.mns.messages(QUEUE) == [taken.sdks.named(recorded.messages[1])]
    assert project.acls() == {**recorded.buckets, "locked": "private"}

    assert run(project, "undo", "--bucket", "wiki", *WHY, "--yes", "--watch", "0").ends == 0
    assert project.acls() == {**recorded.buckets, "locked": "private", "wiki": "public-read"}
    others = json.loads(recorded.compiled)["exemptions"]
    wiki = {**others[-1], "bucket": "wiki", "expires": IN_A_MONTH}
    assert json.loads(taken.sdks.exemptions()) == {"exemptions": [*others, wiki]}

    after = taken.told()
    for part in (*parts(before), *parts(after)):
        part.pop("environmentVariables", None)  # they are looked at above
    assert after == before


def test_remove_takes_all_of_it_and_nothing_else(taken: Taken) -> None:
    """What is marked goes, in whatever state it is; what is beside it stays as it is."""
    project, sdks, recorded = taken.project, taken.sdks, taken.recorded
    beside, ours = sdks.told(recorded.beside), taken.told()
    assert None not in beside.values()

    assert run(project, "remove", "--yes", "--roles").ends == 1  # messages wait
    assert taken.told() == ours

    assert run(project, "remove", "--yes", "--roles", "--discard-failures").ends == 0
    assert taken.told() == dict.fromkeys(ours)
    assert sdks.told(recorded.beside) == beside
    assert project.acls() == recorded.buckets


def test_remove_leaves_what_bears_no_mark(moments: Moments, tmp_path: Path) -> None:
    """Under the very names in s.yaml; but what only a deploy makes has no mark, and goes."""
    recorded = Recorded()
    recorded.unmarked()
    taken = taking_over(recorded, moments.nothing(tmp_path, bundle=True))
    before = taken.told()
    arguments = ("--yes", "--roles", "--discard-failures")
    assert run(taken.project, "remove", *arguments).ends == 0
    after = taken.told()
    gone = {name for name in after if after[name] is None}
    assert {name.split()[0] for name in gone} == {"service", "function", "async", "trigger"}
    assert after == {**before, **dict.fromkeys(gone)}


def test_what_this_version_leaves_is_what_the_old_one_left(
    taken: Taken, moments: Moments, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """After the same course, all is stored in the same form, for the old one to go on with.

    An audit line may have more fields than it had, and a reason other words.
    """
    recorded, left = taken.recorded, taken.told()
    project = moments.nothing(tmp_path_factory.mktemp("project"), bundle=True)
    live(project)
    sdks = Sdks(project.cloud)
    sdks.find_rule()

    assert undated(told(sdks, recorded)) == undated(left)
    assert undated(sdks.exemptions()) == undated(recorded.compiled)
    assert undated(project.exemptions.read_text("utf-8")) == undated(recorded.reviewed)
    assert project.env.read_text("utf-8") == sdks.named(recorded.settings)
    assert project.acls() == recorded.buckets

    old = [json.loads(sdks.named(line)) for line in recorded.lines]
    new = [json.loads(line) for line in sdks.lines()]
    assert [readable(line, old[0]) for line in new] == [readable(line, old[0]) for line in old]


def undated(found: Any) -> Any:
    """The same with all times alike, each still in its form."""
    text = re.sub(r"20\d\d-\d\d-\d\d", "<day>", json.dumps(found))
    return json.loads(re.sub(r"(<day>T)\d\d:\d\d:\d\d", r"\1<time>", text))


def readable(line: dict[str, Any], fields: dict[str, Any]) -> dict[str, Any]:
    """What an old reader finds in a line; of what is another one each time, the type."""
    own = ("reason", "request_id", "oss_request_id", "duration_ms", "reported_at")
    return {
        name: type(line[name]).__name__ if name in own else line[name]
        for name in fields
        if name in line
    }
