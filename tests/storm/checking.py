"""What must hold after a storm, whatever happened. Knows nothing of the product's code."""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import pairwise, takewhile
from typing import Any, NamedTuple

from tests.storm.kinds import KINDS, OPENNESS, PUT_POLICY, Kind, lets_in, statements
from tests.storm.seeing import Call, Finding, Run, Seen, State, findings

READ, WRITE = "GetBucketInfo", "PutBucketAcl"
WRITES = {action for kind in KINDS.values() for action in kind.writes}
END = float("inf")
STALE = 3.0  # seconds: how old what OSS shows may be, as docs/outcomes.md has it
_LEFT_AT_NIGHT = re.compile("although its last audit line says (failed|denied|would_repair|exempt)")


class Violation(NamedTuple):
    """A promise that was not kept, by its number, and about what."""

    promise: int
    what: str


class View:
    """What was seen, by what one asks for: requests by run and bucket, runs by their keys."""

    def __init__(self, seen: Seen) -> None:
        self.seen = seen
        self.runs = {run.key: run for run in seen.runs}
        self.changes, self.calls = defaultdict(list), defaultdict(list)
        for change in seen.changes:
            self.changes[change.bucket].append(change)
        for call in seen.calls:
            if call.key in self.runs:
                self.calls[call.key, call.bucket].append(call)

    def states(self, bucket: str, since: float, until: float) -> list[State | None]:
        """What the bucket was, at one time or another of these."""
        changes = self.changes[bucket]
        before = [None, *(each.state for each in changes if each.at <= since)][-1]
        return [before, *(each.state for each in changes if since < each.at <= until)]

    def writes(self, *actions: str) -> Iterator[tuple[Run, Call, list[Call]]]:
        """Each write of the function, with what the run had asked of the bucket before."""
        for (key, _), calls in self.calls.items():
            for at, call in enumerate(calls):
                if call.action in (actions or WRITES):
                    yield self.runs[key], call, calls[:at]

    def kind(self, rule: str) -> str:
        """The remediation that the rule points to; empty for a rule of others."""
        return "acl" if rule == self.seen.rule else self.seen.further.get(rule, "")

    def ours(self, finding: Finding) -> bool:
        """Whether a finding is of a rule of ours, and about this account."""
        account, compliance = ("", self.seen.account), ("", "NON_COMPLIANT")
        ours = self.kind(finding.rule) != ""
        return ours and finding.account in account and finding.compliance in compliance

    def ceiling(self, bucket: str, state: State, at: float, *, surely: bool = False) -> int:
        """How open the bucket may be at a time."""
        of_it = [each for each in self.seen.exempted if each.bucket == bucket]
        if listed := [each.allow for each in of_it if (each.at if surely else each.since) <= at]:
            return OPENNESS[listed[-1]]
        return int(dict(state.tags).get(self.seen.tag) == self.seen.until != "")


def none_forgotten(view: View) -> Iterator[Violation]:
    """1: what is wrong, and not exempt, is in the failure queue, or a sweep finds it due."""
    told = json.loads(view.seen.sweep).get("buckets", ())
    why = {(each.get("remediation", "acl"), each["bucket"]): each["due"] for each in told}
    kept = [found for body in view.seen.queue for found in findings(_payload(body))]
    known = {*why, *((view.kind(found.rule), found.bucket) for found in kept)}
    for bucket in view.changes:
        (state,) = view.states(bucket, END, END)
        if state is None or state.owner != view.seen.account:
            continue
        for name in ("acl", *view.seen.further.values()):
            ceiling = view.ceiling(bucket, state, END)
            if (name, bucket) not in known and at_ceiling(KINDS[name], state, ceiling):
                yield Violation(1, f"{bucket} is {state}, in no queue, and not due for {name}")
    for (_, bucket), due in why.items():
        # At night a sweep leaves what it believes to have been well (docs/commands.md).
        if match := _LEFT_AT_NIGHT.search(due or ""):
            yield Violation(1, f"{bucket} is {match[1]}, and left at night: {due}")


def at_ceiling(kind: Kind, state: State, ceiling: int) -> bool:
    """Whether it is wrong, where an exemption from being closed says so much."""
    return kind.wrong(state, ceiling if ceiling in kind.ceilings else 0)


def none_wronged(view: View) -> Iterator[Violation]:
    """2: a write is for a finding of its rule about our bucket, and lets exemptions stand.

    Nor does it take anything from anybody that was there when it looked.
    """
    for run, call, before in view.writes():
        given = [found for found in findings(run.event) if found.bucket == call.bucket]
        names = {view.kind(found.rule) for found in given if view.ours(found)}
        if not any(call.action in KINDS[name].writes for name in names):
            yield Violation(2, f"{call} had no finding of a rule of ours that it mends")
        # Since the run last looked for this write; what an owner does later is a race: OSS has no
        # precondition. What was seen before an earlier write of the run says nothing of this one.
        earlier = [at for at, each in enumerate(before) if each.action in WRITES]
        since = before[earlier[-1] + 1 if earlier else 0 :]
        looks = [each.began for each in since if each.action == "GetBucketTagging"]
        began = (looks or [each.began for each in since] or [call.began])[-1]
        states = [state for state in view.states(call.bucket, began, call.at) if state]
        if states and all(state.owner != view.seen.account for state in states):
            yield Violation(2, f"{call} is about another account's bucket")
        if not call.done or not states:
            continue
        shown = _until(view, call, began - STALE)
        stale = {each.acl for each in view.states(call.bucket, began - STALE, began) if each}
        if call.action == WRITE and all(_wrongs(view, call, run, s, stale) for s in states):
            yield Violation(2, f"{call} is about an exempt bucket: {states}, after {before}, {run}")
        wrong = shown and _taken(view, call, run, shown, names)
        if wrong:
            yield Violation(2, f"{call} {wrong}: {shown}, after {before}, {run}")


def _wrongs(view: View, call: Call, run: Run, state: State, stale: set[str]) -> bool:
    """Whether the write takes from an exemption, by none of the ACLs that a read may have shown."""
    ceiling = view.ceiling(call.bucket, state, run.began, surely=True)
    well = all(OPENNESS[acl] <= ceiling for acl in {state.acl, *stale})
    return ceiling > 0 and (well or OPENNESS[call.acl] < ceiling)


def _until(view: View, call: Call, since: float) -> list[State]:
    """What the bucket was from a time on until the write was carried out."""
    puts = next(kind.puts for kind in KINDS.values() if call.action in kind.writes)
    before = view.states(call.bucket, since, call.began)
    meanwhile = view.states(call.bucket, call.began, call.at)[1:]
    others = takewhile(lambda state: state is None or not puts(state, call), meanwhile)
    return [each for each in (*before, *others) if each]


def _taken(view: View, call: Call, run: Run, shown: Sequence[State], names: Collection[str]) -> str:
    """What the write took that was there in all that its look may have shown; or empty.

    Closed, encrypted, or stated: nothing of that goes but what is to be mended, and that is told.
    Nor is anything put that was not there, but what one of these `names` adds, where it lacks.
    """
    if call.action == WRITE and all(OPENNESS[each.acl] < OPENNESS[call.acl] for each in shown):
        return "opened what was closed"
    if call.action == "PutBucketEncryption" and all(each.encryption for each in shown):
        return "replaced the encryption"
    if call.action not in PUT_POLICY:
        return ""
    put, ceilings = statements(call.document), []
    there = [statements(each.document) for each in shown]
    ceilings = [view.ceiling(call.bucket, each, run.began, surely=True) for each in shown]
    lines = [line for line in run.lines if line["bucket"] == call.bucket and "before" in line]
    told = [each for line in lines for each in _told(line)]
    for gone in (each for each in there[0] if each not in put and all(each in of for of in there)):
        if not lets_in(gone, min(ceilings)):
            return f"took out {gone}"
        if gone not in told and _json(gone) not in run.log:  # which a kill leaves
            return f"took out {gone}, which nothing keeps"
    added = [each for each in put if not any(each in of for of in there)]
    lacks = [KINDS[each] for each in names if any(KINDS[each].wrong(s, 0) for s in shown)]
    added = [each for each in added if not any(kind.adds(each) for kind in lacks)]
    return f"put back {added}" if added else ""


def _json(statement: Mapping[str, Any]) -> str:
    return json.dumps(statement, ensure_ascii=False, separators=(",", ":"))


def _told(line: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The statements that a line keeps."""
    of_policy = line.get("remediation") == "policy" and line["before"]
    return json.loads(line["before"]) if of_policy else []


_PLAIN = ("repaired", "already_private", "compliant", "exempt", "blocked")


def creations_told(view: View) -> Iterator[Violation]:
    """3: a bucket that the function made is told, and so is one younger than its finding."""
    said = [(run, line) for run in view.seen.runs for line in run.lines]
    for own, call, _ in view.writes(WRITE):
        changes = pairwise(view.states(call.bucket, call.began, call.at))
        made = [b.created for a, b in changes if a is None and b and b.acl == call.acl]
        if call.status == 200 and made:
            later = [(run, line) for run, line in said if run.at >= call.at]
            of_it = [(run, line) for run, line in later if line["bucket"] == call.bucket]
            asked = own.kind == "sync" and own.error and not own.lines  # who asked is told so
            # Killed before it could say so, and deleted before anybody looked: who could tell?
            unseen = own.error and not any(_saw(view, run, call.bucket, made) for run, _ in of_it)
            if not asked and not unseen and not any(_tells_creation(line) for _, line in of_it):
                lines = [words(line) for _, line in of_it]
                yield Violation(3, f"{call} made a bucket, {own}; {lines}")
    for run, line in said:
        creates = WRITE in KINDS[line.get("remediation") or "acl"].writes
        plain = creates and line["outcome"] in _PLAIN
        if plain and line["reported_at"] is not None:
            states = view.states(line["bucket"], run.began, run.at)
            if all(state and state.created > line["reported_at"] / 1000 for state in states):
                yield Violation(3, f"{words(line)}, and the bucket is younger than its finding")


def _saw(view: View, run: Run, bucket: str, created: Sequence[float]) -> bool:
    """Whether the run looked while a bucket of one of those creation dates was there."""
    looks = [call for call in view.calls.get((run.key, bucket), ()) if call.action == READ]
    states = [state for look in looks for state in view.states(bucket, look.began, look.at)]
    return any(state and state.created in created for state in states)


def _tells_creation(line: Mapping[str, Any]) -> bool:
    return bool(line["outcome"] == "recreated" or " made " in f" {line['reason']} ")


def read_before_written(view: View) -> Iterator[Violation]:
    """4: directly before a write the same run has read the same bucket; all but the ACL twice."""
    for _, call, before in view.writes():
        look = [READ, "GetBucketPolicy"] if call.action in PUT_POLICY else [READ]
        last = before[-len(look) :]
        if [each.action for each in last] != look or not all(map(_answered, last)):
            yield Violation(4, f"{call} came after {last}")
        elif call.action != WRITE:
            reads = [each for each in before if each.worked(READ)]
            if last[0].at - reads[0].began < STALE:
                yield Violation(4, f"{call} came after one look, {before}")


def _answered(look: Call) -> bool:
    return look.answered and (look.done or look.code == "NoSuchBucketPolicy")


def nothing_lost(view: View) -> Iterator[Violation]:
    """6: each message ends in its lines, in the failure queue, or in a drop that is told."""
    of_job, of_event = defaultdict(list), defaultdict(list)
    for run in view.seen.runs:
        of_event[run.event].append(run)
        if run.kind == "async":
            of_job[run.request_id].append(run)
    kept = Counter(_payload(body) for body in view.seen.queue)
    ended = Counter(job.request_id for job in view.seen.jobs)
    for request_id in {*of_job, *ended}:
        if ended[request_id] != 1:
            yield Violation(6, f"invocation {request_id} ended {ended[request_id]} times")
    # One that was given up may never have run.
    taken = {job.request_id: job.event for job in view.seen.jobs}
    taken.update({request_id: runs[0].event for request_id, runs in of_job.items()})
    begun = Counter(map(_text, taken.values()))
    for body, times in Counter(view.seen.delivered).items():
        if begun[body] < times and not kept[body]:
            yield Violation(6, f"delivered {times} times, begun {begun[body]} times: {body:.300}")
    for job in view.seen.jobs:
        later = [run for run in of_event[job.event] if run.at > job.at]
        told = job.undelivered or kept[_text(job.event)] or any(map(_settles, later))
        said = any(_settles(last, reported=True) for last in of_job[job.request_id][-1:])
        if not (said if job.succeeded else told):
            yield Violation(6, f"{job!s:.400} has not all its lines, and is nowhere")


def _settles(run: Run, *, reported: bool = False) -> bool:
    """Whether all in its event ended well, by its lines; or, in mode report, was `reported`."""
    said = Counter((line["rule_id"], line["bucket"]) for line in run.lines)
    left = Counter((found.rule, found.bucket) for found in findings(run.event)) - said
    bad = {"failed", "denied"} if reported else {"failed", "denied", "would_repair"}
    well = bad.isdisjoint(line["outcome"] for line in run.lines)
    return well and bool(run.lines) and not run.error and not left


def _payload(body: str) -> str:
    try:
        return str(json.loads(body)["requestPayload"])
    except (ValueError, KeyError, TypeError):
        return body


def _text(event: bytes) -> str:
    return event.decode(errors="replace")


def words(line: Mapping[str, Any]) -> str:
    """A line in short."""
    return f"{line['bucket']} is {line['outcome']} ({line['reason']}) of {line['request_id']}"


PROMISES = (none_forgotten, none_wronged, creations_told, read_before_written, nothing_lost)
