"""The closed loop on the embedded local cloud: real bundle, real SDKs, no account.

    make demo
    make demo GENERATION=3

Exit code 0 only if everything that it tells was observed.
"""

import argparse
import http.client
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from scripts.bundling import bundle
from scripts.declared import Generation
from scripts.errors import Problem
from scripts.localcloud import Hold, LocalCloud
from scripts.stage import timeline
from scripts.stage.acts import FIRST, FURTHER, PARTNER, THREE, Act, with_further
from scripts.stage.stage import Stage, ask_generation, set_up
from scripts.terminal import Console, Exit, guarded

PAGE = "index.html"
_SCALE = 0.0001  # Cloud Config's ten minutes in 0.06 s
_PATIENCE = 60  # seconds for what takes one or two
_OLDER = 2  # seconds by which a bucket is older than what is found of it; in life minutes

# Two commands to a bucket that is opened, and closed by the whole product.
_NEXT = (
    "next: see a bucket opened and closed on your own local cloud. In one terminal, until Ctrl-C:",
    "  make cloud ARGS=--deployed > build/cloud.env",
    "and in another, once that file is written, within some seconds:",
    "  . build/cloud.env && scripts/resource-repair verify --loop",
)


def main(arguments: Sequence[str] = ()) -> int:
    """Run the demo; gives the exit code."""
    options = argparse.ArgumentParser(
        prog="make demo", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    ask_generation(options)
    generation = Generation(options.parse_args(arguments).generation)
    return guarded(lambda console: Demo(console, generation).play(), Console())


class Demo:
    """The demo under way, and what it has found to be as it should, or not."""

    def __init__(self, console: Console, generation: Generation) -> None:
        self._console = console
        self._generation = generation
        self._checks: list[tuple[str, bool]] = []
        self._changed: dict[str, float] = {}

    def play(self) -> Exit:
        """All of it, from the bundle to the verdict."""
        started = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            code = self._build(Path(folder))
            with LocalCloud(time_scale=_SCALE) as cloud:
                stage = self._deploy(cloud, code)
                self._open_one(stage)
                self._open_more(stage)
                self._evaluate_again(stage)
                self._show_three(stage)
                self._show_audit(stage)
        return self._conclude(time.monotonic() - started)

    def _build(self, folder: Path) -> Path:
        """The bundle, with an exemption of the demo's own."""
        expires = datetime.now(timezone.utc).date() + timedelta(days=90)
        exemptions = folder / "exemptions.yaml"
        entry = {"bucket": "config-website", "reason": "serves the website"}
        entry |= {"owner": "web-team", "expires": expires.isoformat()}
        exemptions.write_text(yaml.safe_dump([entry]), encoding="utf-8")
        self._scene("The bundle, as it would be deployed")
        try:
            code = bundle.build(folder, exemptions)
        except bundle.BundleError as error:
            raise Problem(f"no bundle: {error}") from None
        self._console.say(f"  {code.stat().st_size / 1000:.0f} kB, pure Python, with one exemption")
        return code

    def _deploy(self, cloud: LocalCloud, code: Path) -> Stage:
        where = self._generation.product
        self._scene(f"s.yaml, brought to {where} on a local cloud by Alibaba Cloud's own SDKs")
        self._console.say(
            "  Cloud Config evaluates resources by rules, and reports what breaks one."
        )
        self._console.say(
            "  MNS carries messages: who publishes to a topic reaches all its subscribers."
        )
        self._console.say(
            "  Function Compute runs code when it is called, and tries again what fails."
        )
        self._console.say(
            "  What was just made is not known everywhere at once, and is waited for."
        )
        stage = set_up(cloud, code, self._generation, with_further(code.parent))
        for step in stage.plan.changes:
            why = "".join(f" ({difference})" for difference in step.differences)
            self._console.say(f"  {step.verdict.value:8}{step.kind} {step.name}{why}")
        self._console.say(f"  watching the rule {stage.spec.rule_name} ({stage.rule_id})")
        return stage

    def _open_one(self, stage: Stage) -> None:
        """One bucket, told step by step."""
        self._scene(f"{FIRST.bucket}: {FIRST.story}")
        bucket = self._make(stage, FIRST)
        journal = stage.cloud.journal
        seen = journal.position
        hold = Hold()  # the function's first look, until we have had ours
        stage.cloud.faults.add("oss:GetBucketInfo", hold, subject=FIRST.bucket)
        self._open(bucket, FIRST)
        before = read_anonymously(stage, FIRST.bucket)
        hold.released.set()
        self._settle(stage)
        after = read_anonymously(stage, FIRST.bucket)
        lines = [timeline.Line(self._changed[FIRST.bucket], "You", f"set {FIRST.opened}")]
        lines += timeline.tell(journal.entries(since=seen), FIRST.bucket, stage.rule_id)
        lines[1:1] = [timeline.Line(lines[0].at, "You", f"read {PAGE} as anybody: {before}")]
        lines.append(timeline.Line(time.monotonic(), "You", f"read {PAGE} as anybody: {after}"))
        for line in lines:
            self._console.say(
                f"  {line.at - lines[0].at:6.3f} s  {line.who:17} {line.what}",
                timeline.STYLES[line.who],
            )
        self._check("anybody could read the open bucket", before == http.client.OK)
        self._check("nobody can once it is closed", after == http.client.FORBIDDEN)
        self._check_act(stage, FIRST)

    def _open_more(self, stage: Stage) -> None:
        """The others, all at once."""
        self._scene("Six more, all at once")
        held = {act.bucket: Hold() for act in FURTHER if act.meanwhile}
        for bucket, hold in held.items():
            stage.cloud.faults.add("oss:GetBucketInfo", hold, subject=bucket)
        for act in (THREE, *FURTHER):  # the first takes two looks, twice
            self._open(self._make(stage, act), act)
        for act in FURTHER:
            if act.meanwhile:
                # The finding is out, and the function is held at its first look at the bucket.
                self._wait_published(stage, act.bucket)
                act.meanwhile(stage.bucket(act.bucket, act.region))
                held[act.bucket].released.set()
        self._wait_told(stage, [act.bucket for act in FURTHER])
        rows = [self._row(stage, act) for act in FURTHER]
        self._console.table(
            ("bucket", "", "opened as", "outcome", "ACL now", "settled after"), rows
        )
        self._console.say(
            "  What contradicts Cloud Config is looked at twice, three seconds apart."
        )
        self._console.say("  exposed: the ACL is closed, and a person must see to the policy.")
        for act in FURTHER:
            self._check_act(stage, act)

    def _show_three(self, stage: Stage) -> None:
        """The bucket in which more is wrong than its ACL, and the one that is exempt from one."""
        self._scene(f"{THREE.bucket}, opened with them: {THREE.story}, each for its own rule")
        rows = {
            (line.bucket, line.remediation, line.before or "", line.after or "")
            for line in stage.audit()
            if line.bucket in (THREE.bucket, "config-website") and line.before != line.after
        }
        self._console.table(("bucket", "remediation", "before", "after"), sorted(rows))
        oss = stage.cloud.oss
        left = oss.bucket(THREE.bucket)
        statements = json.loads(left.policy or "{}").get("Statement", ())
        kept = [each["Principal"] for each in statements] == [PARTNER["Principal"]]
        self._check(f"{THREE.bucket}: private", left.acl == THREE.left)
        self._check("encrypted from now on", left.encryption == {"SSEAlgorithm": "AES256"})
        self._check("and its policy is for the partner alone, as before", kept)
        served = read_anonymously(stage, "config-website")
        encrypted = oss.bucket("config-website").encryption
        self._check(
            "the website is encrypted too, and still served",
            served == http.client.OK and encrypted == {"SSEAlgorithm": "AES256"},
        )

    def _row(self, stage: Stage, act: Act) -> tuple[str, ...]:
        told_at = timeline.told_at(stage.cloud.journal.entries(), act.bucket) or float("nan")
        took = told_at - self._changed[act.bucket]
        outcome = last_outcome(stage, act.bucket)
        return (act.bucket, act.story, act.opened, outcome, acl_of(stage, act), f"{took:.2f} s")

    def _evaluate_again(self, stage: Stage) -> None:
        self._scene("The rule, evaluated again on demand")
        stage.start_evaluation()
        self._settle(stage)
        results = {
            each.bucket: each.compliance for each in stage.cloud.config.results(stage.rule_id)
        }
        self._console.table(("bucket", "result"), sorted(results.items()))
        wanted = {act.bucket: "COMPLIANT" for act in (FIRST, THREE, *FURTHER) if act.left}
        wanted["config-website"] = "NON_COMPLIANT"
        self._check("compliant again, but for the exempt bucket", results == wanted)
        self._check("which is still left alone", last_outcome(stage, "config-website") == "exempt")
        # Cloud Config may find it twice: each finding is told once.
        exposed = [line for line in stage.audit() if line.outcome == "exposed"]
        told = [line.reported_at for line in exposed if line.bucket == "config-policy"]
        self._check("what no retry cures is told once", len(set(told)) == len(told) > 0)
        kept = stage.cloud.mns.messages(stage.spec.failure_queue or "")
        self._check("and nothing is left in the failure queue", not kept)

    def _show_audit(self, stage: Stage) -> None:
        self._scene("The audit trail, as it would be in the log store")
        columns = ("outcome", "remediation", "bucket", "region", "reason")
        tries = Counter(
            tuple(str(getattr(line, name) or "") for name in columns) for line in stage.audit()
        )
        rows = [(*told, str(times)) for told, times in tries.items()]
        self._console.table((*columns, "times"), rows)

    def _conclude(self, seconds: float) -> Exit:
        failed = [what for what, held in self._checks if not held]
        self._scene("Observed")
        for what, held in self._checks:
            self._console.say(
                f"  {'yes' if held else 'NO '}  {what}", "green" if held else "bold red"
            )
        self._console.say("")
        if failed:
            self._console.fail(f"{len(failed)} of {len(self._checks)} things were not as promised")
            return Exit.PROBLEM
        self._console.say(f"All {len(self._checks)} as promised, in {seconds:.1f} s.", "bold green")
        self._console.say("")
        bundle.OUTPUT.mkdir(exist_ok=True)  # where the first of them writes
        for line in _NEXT:
            self._console.say(line)
        return Exit.DONE

    def _make(self, stage: Stage, act: Act) -> Any:
        """A private bucket with a page in it (but for the one that is to be deleted)."""
        from oss2.models import ServerSideEncryptionRule  # noqa: PLC0415  (a slow import)

        bucket = stage.bucket(act.bucket, act.region)
        bucket.create_bucket()
        if act.encrypted:
            bucket.put_bucket_encryption(ServerSideEncryptionRule(sse_algorithm="AES256"))
        if act.left:
            bucket.put_object(PAGE, b"<h1>Hello</h1>")
        if act.policy:
            bucket.put_bucket_policy(act.policy)
        stage.cloud.clock.advance(_OLDER)
        return bucket

    def _open(self, bucket: Any, act: Act) -> None:
        self._changed[act.bucket] = time.monotonic()
        bucket.put_bucket_acl(act.opened)

    def _wait_published(self, stage: Stage, bucket: str) -> None:
        def published(entries: list[Any]) -> bool:
            return any(
                entry.action == "published" and entry.details.get("bucket") == bucket
                for entry in entries
            )

        if not stage.cloud.journal.wait_for(published, _PATIENCE):
            raise Problem(f"Cloud Config said nothing about {bucket} for {_PATIENCE} s")

    def _wait_told(self, stage: Stage, buckets: Sequence[str]) -> None:
        """Wait until the function has said what became of the ACLs of all of these."""
        stage.cloud.journal.wait_for(
            lambda entries: all(timeline.told_at(entries, each) for each in buckets), _PATIENCE
        )

    def _settle(self, stage: Stage) -> None:
        if not stage.wait_idle(_PATIENCE):
            raise Problem(f"the local cloud was still busy after {_PATIENCE} s")

    def _check(self, what: str, held: bool) -> None:
        self._checks.append((what, held))

    def _check_act(self, stage: Stage, act: Act) -> None:
        left = acl_of(stage, act)
        self._check(
            f"{act.bucket}: {act.outcome}, and {act.left or 'there is no such bucket'}",
            last_outcome(stage, act.bucket) == act.outcome and left == act.left,
        )

    def _scene(self, title: str) -> None:
        self._console.say("")
        self._console.say(title, "bold")


def last_outcome(stage: Stage, bucket: str) -> str:
    """The outcome of the last audit line about a bucket's ACL."""
    lines = [
        line.outcome
        for line in stage.audit()
        if line.bucket == bucket and line.remediation == "acl"
    ]
    return str(lines[-1]) if lines else "none"


def acl_of(stage: Stage, act: Act) -> str:
    """A bucket's ACL as its owner sees it; empty if there is no such bucket."""
    import oss2  # noqa: PLC0415  (a slow import)

    try:
        return str(stage.bucket(act.bucket, act.region).get_bucket_acl().acl)
    except oss2.exceptions.NoSuchBucket:
        return ""


def read_anonymously(stage: Stage, bucket: str) -> int:
    """The HTTP status that anybody gets for the bucket's page."""
    at = urlsplit(stage.cloud.endpoints.oss)
    connection = http.client.HTTPConnection(str(at.hostname), at.port, timeout=_PATIENCE)
    try:
        connection.request("GET", f"/{bucket}/{PAGE}")
        return connection.getresponse().status
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
