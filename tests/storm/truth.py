"""Promise 5: whether what an audit line says was true at some time of its run."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from tests.storm.checking import READ, STALE, WRITE, View, Violation, at_ceiling, words
from tests.storm.kinds import KINDS, OPENNESS, Kind
from tests.storm.seeing import Call, Run, State, findings

_CODE = re.compile(r"[A-Z][A-Za-z]{5,}\b")  # of OSS, as a reason begins with one


class Said(NamedTuple):
    """A line, its run, and all that can bear it out; `states` are those that there were."""

    line: Mapping[str, Any]
    run: Run
    view: View
    states: list[State | None]
    calls: list[Call]

    def some(self, holds: Callable[[State], bool]) -> bool:
        """Whether that held at one time or another."""
        return any(holds(state) for state in self.states if state)

    @property
    def kind(self) -> Kind:
        """The remediation that it is of."""
        return KINDS[self.line.get("remediation") or "acl"]

    def mended(self) -> bool:
        """Of a further remediation: its write was acknowledged, looked at later, and so meanwhile;
        nor was the policy public, but for what an exemption allows.
        """
        looks = [call for call in self.calls if call.action == self.kind.look and call.answered]
        public = self.kind.closes and "is exempt" not in self.line["reason"]
        return not (public and not self.some(lambda state: not state.policy)) and any(
            any(s and self.kind.puts(s, write) for s in self.between(write, look))
            for write in self.calls
            if write.action in self.kind.writes and write.done and write.answered
            for look in looks
            if look.began >= write.at
        )

    def between(self, write: Call, look: Call) -> list[State | None]:
        """What the bucket was from a write on, to a look."""
        return self.view.states(self.line["bucket"], write.began, look.at)[1:]

    def compliant(self) -> bool:
        """Whether there was nothing to mend, and two looks were so far apart."""
        return self.twice() and self.some(lambda state: not self.kind.wrong(state, 0))

    def twice(self) -> bool:
        """Whether two looks were as far apart as docs/outcomes.md says."""
        reads = [call for call in self.calls if call.worked(READ)]
        return bool(reads) and reads[-1].at - reads[0].began >= STALE

    def would(self) -> bool:
        """Whether there was something to mend, and nothing did.

        What the local cloud shows late it shows so for a number of looks: as to a write after which
        its run was killed, the first of them may be this run's one look.
        """
        bucket, calls = self.line["bucket"], self.view.calls.items()
        of_it = [call for (_, name), asked in calls if name == bucket for call in asked]
        writes = [call.began for call in of_it if call.action in self.kind.writes]
        since = max((began for began in writes if began < self.run.began), default=self.run.began)
        states = self.view.states(bucket, min(since, self.run.began - STALE), self.run.at)
        wrong = any(self.kind.wrong(state, 0) for state in states if state)
        return self.line["mode"] == "report" and wrong and not self.wrote()

    def within(self, state: State) -> bool:
        """Whether the bucket was exempt, and what is to be mended is what that allows."""
        ceiling = self.view.ceiling(self.line["bucket"], state, self.run.at)
        return ceiling > 0 and not at_ceiling(self.kind, state, ceiling)

    def unproven(self) -> bool:
        """Whether its policy could not be read, or somebody else wrote that meanwhile, or may have:
        seconds went by from the last look to the write, by the clock of the one or of the other.
        """
        states = {state.document for state in self.states if state}
        writes = [call for call in self.calls if call.action in self.kind.writes]
        looks = [call for call in self.calls if call.worked(READ)]
        late = any(
            write.at - [look.began for look in looks if look.at <= write.at][-1] >= STALE / 2
            for write in writes
            if write.done and any(look.at <= write.at for look in looks)
        )
        return self.refused("GetBucketPolicyStatus") or late or len(states) > len(writes) + 1 > 1

    def closed(self, state: State) -> bool:
        """Whether nobody is let in, by ACL nor policy."""
        return state.acl == "private" and not state.policy

    def blocks(self, state: State) -> bool:
        """Whether Block Public Access held for the bucket, or at some time for the account."""
        since, until = self.run.began - STALE, self.run.at
        flags = self.view.seen.account_blocked
        before = [held for at, held in flags if at <= since][-1:]
        return state.blocked or any([*before, *(on for at, on in flags if since < at <= until)])

    def exempt(self, state: State) -> bool:
        """Whether the bucket was exempt, and no more open than that allows."""
        return OPENNESS[state.acl] <= self.view.ceiling(self.line["bucket"], state, self.run.at) > 0

    def repaired(self) -> bool:
        """Whether a write was acknowledged, and read later, and the bucket was so meanwhile."""
        acl, bucket = self.line["acl_after"], self.line["bucket"]
        reads = [call for call in self.calls if call.worked(READ)]
        to_ceiling = self.line["reason"].startswith("set to the exemption's ceiling")
        return (to_ceiling or self.some(self.closed)) and any(
            any(s and s.acl == acl for s in self.view.states(bucket, write.began, read.at)[1:])
            for write in self.calls
            if write.worked(WRITE) and write.acl == acl
            for read in reads
            if read.began >= write.at
        )

    def private_twice(self) -> bool:
        """Whether it was private, and two looks were so far apart as docs/outcomes.md says."""
        return self.some(self.closed) and self.twice()

    def wrote(self) -> bool:
        """Whether the run changed the bucket."""
        return any(call.action in self.kind.writes and call.done for call in self.calls)

    def refused(self, *actions: str) -> bool:
        """Whether one of the requests (of those operations) was refused to the function."""
        refused = [call.action for call in self.calls if call.status == 403]
        return bool(refused and (not actions or {*actions} & {*refused}))

    def recreated(self) -> bool:
        """Whether it was another bucket, at one time or another, or is younger than the finding."""
        reported = self.line["reported_at"]
        # A date is a whole second: what was made in that of the finding may be younger.
        young = reported is None or self.some(lambda state: state.created + 1 > reported / 1000)
        return young or len({state and state.created for state in self.states}) > 1

    def has_its_reason(self) -> bool:
        """Whether OSS gave the code that the reason begins with, if it does."""
        code = _CODE.match(self.line["reason"])
        return not code or code[0] in {call.code for call in self.calls}

    def not_ours(self) -> bool:
        """Whether another finding of the event, if any, explains what was asked of the bucket."""
        about = [found for found in findings(self.run.event) if found.bucket == self.line["bucket"]]
        ours = sum(map(self.view.ours, about))
        if self.line["reason"].startswith("duplicate"):
            name = self.line.get("remediation") or "acl"
            return sum(self.view.kind(found.rule) == name for found in about) > 1
        return ours < max(len(about), 1) and bool(ours or not self.calls)


def _private(state: State) -> bool:
    return state.acl == "private"


_BORNE_OUT: Mapping[str, Callable[[Said], bool]] = {
    "repaired": Said.repaired,
    "already_private": Said.private_twice,
    "would_repair": Said.would,
    "exempt": lambda it: it.some(it.exempt),
    "blocked": lambda it: it.some(lambda s: _private(s) and it.blocks(s)),
    "gone": lambda it: None in it.states and not it.wrote(),
    "exposed": lambda it: it.some(lambda s: _private(s) and s.policy),
    "unproven": lambda it: it.refused("GetBucketPolicyStatus"),
    "recreated": Said.recreated,
    "theirs": lambda it: it.some(lambda s: s.owner != it.view.seen.account),
    "disabled": lambda it: any(call.code.startswith(("UserDis", "InDebt")) for call in it.calls),
    "ceiling_refused": lambda it: it.refused(WRITE) and it.some(it.blocks),
    "denied": lambda it: it.refused(),
    "failed": Said.has_its_reason,
    "ignored": Said.not_ours,
    "unreadable": lambda it: not it.line["bucket"],
}


_FURTHER_BORNE_OUT: Mapping[str, Callable[[Said], bool]] = {
    **_BORNE_OUT,
    "repaired": Said.mended,
    "compliant": Said.compliant,
    # What makes no bucket may have written before that was deleted.
    "gone": lambda it: None in it.states and not (it.wrote() and WRITE in it.kind.writes),
    "exempt": lambda it: it.some(it.within),
    "blocked": lambda it: it.some(it.blocks),
    "exposed": lambda it: it.some(lambda s: s.policy),
    "unproven": Said.unproven,
    "recreated": lambda it: WRITE in it.kind.writes and it.recreated(),
    "ceiling_refused": lambda it: it.refused(*it.kind.writes) and it.some(it.blocks),
}


def every_word_true(view: View) -> Iterator[Violation]:
    """5: each outcome was true when it was said, and is one of docs/outcomes.md."""
    for run in view.seen.runs:
        for line in run.lines:
            further = line.get("remediation") not in (None, "", "acl")
            table = _FURTHER_BORNE_OUT if further else _BORNE_OUT
            bucket, holds = line["bucket"], table.get(line["outcome"])
            states = view.states(bucket, run.began - STALE, run.at)
            said = Said(line, run, view, states, view.calls[run.key, bucket])
            if holds is None or not holds(said):
                yield Violation(5, f"{words(line)}, and that was not so: {states} {said.calls}")
