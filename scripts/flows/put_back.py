"""Undoing what a further remediation did to a bucket, so that it stays undone: exemption first.

What is brought back, and by which operation of OSS, is by what the remediation declares and by its
audit line. It is as in `reopen`, which is the ACL's: all is read before anything is changed, what
is put live is the live code with one exemption more, and each step looks whether it was done.
"""

import shlex
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timezone

from resource_repair.bucket_policy import opening, parse
from resource_repair.errors import RefusedError
from resource_repair.exemptions import OF_ACCESS, Exemption, Exemptions
from resource_repair.openness import PUBLIC_READ, PUBLIC_READ_WRITE
from resource_repair.oss import BucketState
from resource_repair.remediations import ACL, REMEDIATIONS, named
from resource_repair.remediations.frame import Remediation
from resource_repair.repair import STALE_SECONDS
from resource_repair.settings import Settings
from resource_repair.values import ENFORCE, EXEMPT, REPAIRED
from scripts import ROOT
from scripts.account import audit_trail, buckets, moving
from scripts.account.audit_trail import AuditLine
from scripts.account.buckets import Bucket
from scripts.account.deployed_function import DeployedFunction
from scripts.account.live_exemptions import LiveExemptions
from scripts.account.package import with_exemptions
from scripts.account.permission import Permission, union
from scripts.context import Context
from scripts.decide.remedied import bringing_back, brought_back, expected
from scripts.declared import exemptions as reviewed
from scripts.declared import files
from scripts.declared.exemptions import reviewed_exemptions
from scripts.errors import Problem, UsageError
from scripts.flows.audit_lines import at
from scripts.flows.reopen import Repair, Wish
from scripts.patience import Progress, patiently, wait

FURTHER = tuple(name for name in REMEDIATIONS if name != ACL)

PERMISSIONS = union(
    (buckets.GET_INFO, buckets.GET_ACCOUNT_BLOCK),
    *(
        [Permission(action, named(name).resources) for action in named(name).to_undo]
        for name in FURTHER
    ),
)

STALE = STALE_SECONDS  # two looks at a document that others write are at least so far apart
_READ_BACK = 30.0 + STALE_SECONDS  # within which it must show; OSS documents no bound
_CEILINGS = (PUBLIC_READ, PUBLIC_READ_WRITE)


@dataclass(frozen=True)
class Report:
    """What is to be brought back, what was there of that already, and what was done."""

    bucket: str
    remediation: str
    now: str
    then: str
    repaired: Repair
    exemption: Exemption
    was_in_file: bool
    was_live: bool
    done: tuple[str, ...]
    commit: str


def on(context: Context) -> tuple[str, ...]:
    """The further remediations that are on; none where that is not known."""
    try:
        live = DeployedFunction.find(context.spec, context.clients)
    except Problem:
        return ()
    return tuple(each.remediation for each in (live.settings.others or () if live else ()))


def _changed_by(context: Context, wish: Wish, now: datetime) -> list[AuditLine]:
    """The newest line of each further remediation that changed the bucket; raises CloudError."""
    span = (wish.since, now + audit_trail.SKEW)
    lines = audit_trail.read(context.clients, context.spec, *span, bucket=wish.bucket)
    last = {
        line.remediation: line
        for line in lines
        if line.remediation in FURTHER and line.after and line.before not in (None, line.after)
    }
    return list(last.values())


def prepare(context: Context, wish: Wish, name: str, now: datetime) -> "PuttingBack":
    """Look at everything, and change nothing.

    Raises CloudError; Problem where nothing can be brought back, or would not stay so, or the
    exemption cannot be written down; UsageError where one has to be made, and nobody said which.
    """
    does, bucket = named(name), Bucket(context.clients, wish.bucket)
    there = _look(does, bucket)
    line = _line(context, wish, name, there, now)
    job = PuttingBack(context, wish, does, bucket, there, line, now.date())
    job.plan()
    return job


class PuttingBack:
    """One bucket's repair that is to be undone, and how far that has come."""

    def __init__(
        self,
        context: Context,
        wish: Wish,
        does: Remediation,
        bucket: Bucket,
        there: BucketState,
        line: AuditLine,
        today: date,
    ) -> None:
        self._context = context
        self._console = context.console
        self._wish = wish
        self._does = does
        self._bucket = bucket
        self._line, self._change = line, (str(line.before), str(line.after))
        self._today = today
        self._created = there.created
        self._seen, self._seen_at = there, time.monotonic()
        brings = self._brings(there)
        self._is_back = not brings[0]
        self._then = brought_back(there, *brings)
        self._now = does.state(there)
        self._done: list[str] = []

    @property
    def acl(self) -> str:
        """As how much everybody may do then, in the words of an ACL; empty if it is not of that."""
        return self._entry.allow if self._does.name in OF_ACCESS else ""

    def plan(self) -> None:
        """Find the exemption, and what is there of it; raises as `prepare`."""
        if not self._is_back:
            self._check_blocked()
        live = self._live()
        self._from = (self._does.name, *self._who_else([each.settings for each in live]))
        held = [each.exemptions() for each in live]
        ours = reviewed_exemptions(self._wish.exemptions, self._today)
        until = self._wish.entry.expires if self._wish.entry else self._today
        in_file = self._covering(ours, until)
        known = in_file or next(filter(None, (self._covering(each, until) for each in held)), None)
        self._entry = known or self._made()
        end = self._entry.expires
        self._in_file = in_file is not None
        self._is_live = all(self._covering(each, end) for each in held)
        if not self._is_live:
            self._entry = self._entry._replace(bucket=self._bucket.name)  # and no glob's rest
            for each in live:
                each.check_reads(self._entry)
        if not self._in_file:
            files.check_writable(self._wish.exemptions)

    def show(self) -> None:
        """What was found, and what will be done."""
        line, entry, name = self._line, self._entry, self._bucket.name
        self._console.say(
            f"{name} was changed by {self._does.name} at {at(line.at)}, by a finding of the rule "
            f"{line.rule_name or line.rule_id} (request {line.request_id})"
        )
        told = (
            f"{name}: {entry.allow} until {entry.expires}, from {', '.join(entry.remediations)} "
            f"({entry.reason}, {entry.owner})"
        )
        there = {True: ("there", "as it is"), False: ("lacks it", told)}
        then = self._does.state(self._then)
        rows = [
            (f"exemption in {self._wish.exemptions.name}", *there[self._in_file]),
            ("exemption in the live code", *there[self._is_live]),
            (f"what {self._does.name} changes", self._now, "as it is" if self._is_back else then),
        ]
        self._console.table(("what", "now", "then"), rows)
        self._console.say(
            f"from then on a finding of {self._does.name} about {name} is recorded as {EXEMPT}, "
            f"until {entry.expires} has passed"
        )

    def carry_out(self) -> None:
        """Do what is still to be done, and watch that nobody undoes it. Raises as `prepare`."""
        self._write_down()
        seconds = patiently(lambda: max(map(self._put_on, self._live())))
        self._bring_back()
        self._console.say(f"now commit it: {self._commit()}", "bold")
        self._watch(seconds if self._wish.watch is None else self._wish.watch)

    def report(self) -> Report:
        """The bucket, what it takes, and what was done so far."""
        return Report(
            self._bucket.name,
            self._does.name,
            self._now,
            self._does.state(self._then),
            Repair(self._line.at, self._line.request_id),
            self._entry,
            self._in_file,
            self._is_live,
            tuple(self._done),
            self._commit(),
        )

    def _live(self) -> list[DeployedFunction]:
        specs = moving.deployed(self._context.spec, self._context.clients)
        return [DeployedFunction.read(each, self._context.clients) for each in specs]

    def _brings(self, there: BucketState) -> tuple[str, str]:
        try:
            return bringing_back(self._does, there, *self._change)
        except RefusedError as error:
            raise Problem(
                f"{self._does.name} of {there.name} cannot be undone: {error.reason}; look at it "
                f"with `resource-repair audit --bucket {there.name}`"
            ) from None

    def _check_blocked(self) -> None:
        """What is to be public must be allowed to be: else the code that is live would change."""
        opens = self._does.name in OF_ACCESS or opening(parse(self._then.policy))
        account = opens and buckets.account_blocks_public_access(self._context.clients)
        if opens and (account or self._seen.blocked):
            raise Problem(
                f"{self._bucket.name} stays as it is: Block Public Access is on for the "
                f"{'account' if account else 'bucket'}, so that OSS refuses to make it public; "
                "nothing was changed: lift that first (undo without --remediation lifts ours)"
            )

    def _who_else(self, told: Sequence[Settings]) -> Iterator[str]:
        """Other remediations that enforce, and would take it back: the exemption is from them too.

        The ACL's closes what may be written to by everybody.
        """
        on = dict.fromkeys(
            each.remediation
            for read in told
            for each in read.assigned
            if each.mode == ENFORCE and each.remediation != self._does.name
        )
        nothing = LiveExemptions(Exemptions(), None, self._today)
        for name in on:
            other = named(name)
            differs = other.state(self._then) != other.state(self._seen)
            if differs and self._end(other, nothing)[0] == REPAIRED:
                yield name

    def _end(self, does: Remediation, held: LiveExemptions) -> tuple[str, Exemption | None]:
        """What a remediation makes of the bucket as it is to be, and by which exemption."""
        aim = does.wanted(held.case(self._bucket.name), self._then, None, False)
        return (
            (expected(does, self._then, aim, ENFORCE), aim.exemption) if aim else (REPAIRED, None)
        )

    def _covering(self, held: Exemptions, until: date) -> Exemption | None:
        """The exemption by which it stays so on that day; None if there is none."""
        name = self._bucket.name
        entries = [
            each for each in held.entries if all(each.covers(name, until, of) for of in self._from)
        ]
        exempting = LiveExemptions(Exemptions(tuple(entries)), None, until)
        ends = [self._end(named(of), exempting) for of in self._from]
        return ends[0][1] if all(end == EXEMPT for end, _ in ends) else None

    def _made(self) -> Exemption:
        """The one that the options make, with the least ceiling by which it stays so."""
        name, of = self._bucket.name, self._from
        if self._wish.entry is None:
            raise UsageError(
                f"{name} has no exemption from {', '.join(of)} that leaves it as it was: say "
                "--reason, --owner and --expires (a date such as 2026-12-31) for one"
            )
        for allow in _CEILINGS:
            entry = self._wish.entry._replace(allow=allow, of=of)
            if self._covering(Exemptions((entry,)), entry.expires):
                return entry
        raise Problem(
            f"{name} would not stay as it was: no exemption allows everybody what its policy did "
            "(not by its name alone, or more than to read and write objects); nothing was changed: "
            f"put in by hand what is needed, from `resource-repair audit --bucket {name} --json`"
        )

    def _write_down(self) -> None:
        """Add the exemption to the file, unless another run has done so since it was read."""
        path, entry = self._wish.exemptions, self._entry
        if not self._covering(reviewed_exemptions(path, self._today), entry.expires):
            reviewed.add(path, entry, self._today)
            self._tell("exemption written", f"added to {path}")

    def _put_on(self, live: DeployedFunction) -> float:
        """Have the exemption live; gives for how many seconds older invocations can still run."""
        held, entry = live.exemptions(), self._entry
        if self._covering(held, entry.expires):
            age = (datetime.now(timezone.utc) - live.changed_at).total_seconds()
            return min(max(live.timeout - age, 0.0), live.timeout)
        package = with_exemptions(live.package, Exemptions((*held.entries, entry)))
        live = live.set_package(package, self._console)
        self._tell(
            "exemption live", f"{live.spec.function_in_cloud} has the exemption, and else as before"
        )
        return live.timeout

    def _bring_back(self) -> None:
        """Do that after as many looks as a repair takes; of a document, two come after it too."""
        name, wrote = self._bucket.name, False

        def look() -> Progress:
            nonlocal wrote
            there = self._same()
            operation, value = self._brings(there)
            twice = self._does.looks_twice if operation else self._does.whole and wrote
            if twice and not self._agrees(there):
                return Progress(f"looking twice at {name}", done=False)
            if not operation:
                return Progress(f"{name} is as it was before", done=True)
            self._seen_at = float("inf")  # what comes next is a first look
            wrote = True
            self._bucket.bring_back(operation, value)
            return Progress(f"asked OSS for {operation} of {name}", done=False)

        if not wait(look, self._console, _READ_BACK):
            raise Problem(f"{name} does not show what was brought back: run again")
        if wrote:
            self._tell("brought back", f"{name} is as it was before {self._does.name}: read back")

    def _agrees(self, there: BucketState) -> bool:
        """Whether that was seen before, and long enough ago."""
        now, there = time.monotonic(), there._replace(oss_request_id="")
        if there != self._seen._replace(oss_request_id="") or self._seen_at > now:
            self._seen, self._seen_at = there, now
        return now - self._seen_at >= STALE

    def _watch(self, seconds: float) -> None:
        """Keep it so while an invocation can still run that began with the older exemptions."""
        name = self._bucket.name
        if seconds:
            self._console.say(
                f"watching it for {seconds:.0f} s more, in which a repair that had begun before "
                "may still change it; to stop that is safe"
            )

        def look() -> Progress:
            if self._brings(self._same())[0]:
                self._console.say(f"{name} was changed by a repair that had begun before", "bold")
                self._bring_back()
            return Progress(f"{name} is as it was", done=False)

        wait(look, self._console, seconds)
        self._console.say(f"{name} is as it was before {self._does.name}, and exempt", "green")

    def _same(self) -> BucketState:
        """The bucket as it is, which must be the one that was looked at first."""
        there = _look(self._does, self._bucket)
        if there.created != self._created:
            raise Problem(
                f"{self._bucket.name} was deleted and made again meanwhile, and is left as it is: "
                "look whose it is"
            )
        return there

    def _tell(self, done: str, words: str) -> None:
        self._done.append(done)
        self._console.say(words, "green")

    def _commit(self) -> str:
        path, entry = self._wish.exemptions.resolve(), self._entry
        message = shlex.quote(f"Exempt {entry.bucket} until {entry.expires}")
        root = ROOT if path.is_relative_to(ROOT) else path.parent
        there = "" if root == ROOT else f" -C {shlex.quote(str(root))}"
        return f"git{there} commit -m {message} -- {shlex.quote(str(path.relative_to(root)))}"


def _look(does: Remediation, bucket: Bucket) -> BucketState:
    found = bucket.state_for(does)
    if found is None:
        raise Problem(f"there is no bucket {bucket.name}, and none is made: check the name")
    return found


def _line(context: Context, wish: Wish, name: str, there: BucketState, now: datetime) -> AuditLine:
    """The newest line of what it did to this bucket."""
    changes = _changed_by(context, wish, now)
    last = next((each for each in changes if each.remediation == name), None)
    if last is None:
        others = ", ".join(each.remediation for each in changes)
        raise Problem(
            f"the audit trail has nothing that {name} did to {wish.bucket} since {at(wish.since)}: "
            + (f"name one that did by --remediation: {others}" if others else "look with --days")
        )
    made = datetime.fromisoformat(there.created.replace("Z", "+00:00"))
    if made.replace(microsecond=0) > last.at:  # the log has whole seconds
        raise Problem(
            f"{wish.bucket} was made at {at(made)}, after {name} changed another one of its name: "
            "there is nothing of this one to undo"
        )
    return last
