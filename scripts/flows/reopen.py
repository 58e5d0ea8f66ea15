"""Opening a bucket that was repaired, so that it stays open: exemption first, ACL last.

Block Public Access is lifted in between, where the audit trail says that the function set it.

Everything is read before anything is changed, and the ACL that was read is written first of all:
where it may not be, the code that is live stays as it is. Each step looks whether it was done
already: stopped after any of them, another run goes on from there. The code that is put live is the
live one with one more exemption, and never what happens to be in the folder: whoever is called at
night may have another version there, and a deploy of that is no part of an undo. While the function
is on both Function Computes, the exemption is put live on both: either would close the bucket.
"""

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timezone
from pathlib import Path
from typing import NamedTuple

from resource_repair.exemptions import OF_ACCESS, Exemption, Exemptions
from resource_repair.openness import OPENNESS, PRIVATE, PUBLIC_READ, PUBLIC_READ_WRITE
from resource_repair.remediations import ACL
from resource_repair.values import EXEMPT, REPAIRED
from scripts import ROOT
from scripts.account import audit_trail, buckets, just_made, moving
from scripts.account.audit_trail import AuditLine
from scripts.account.buckets import Bucket, Info
from scripts.account.deployed_function import DeployedFunction
from scripts.account.just_made import JustMade
from scripts.account.live_exemptions import allows
from scripts.account.package import with_exemptions
from scripts.context import Context
from scripts.declared import exemptions as reviewed
from scripts.declared import files
from scripts.declared.exemptions import reviewed_exemptions
from scripts.errors import CloudError, Problem, UsageError
from scripts.flows import lifting
from scripts.flows.audit_lines import at
from scripts.patience import Progress, patiently, wait

_READ_BACK = 30.0  # seconds within which an ACL must show; OSS documents no bound


class Wish(NamedTuple):
    """What is asked for. Without `acl` it is what the last repair since then found.

    `entry` is the exemption to be made if there is none that suffices; its `allow` does not count.
    `watch` is for how many seconds to look after it; by default, for as long as a repair that had
    begun before can last.
    """

    bucket: str
    acl: str | None
    entry: Exemption | None
    exemptions: Path
    since: datetime
    watch: float | None


class _Exempted(NamedTuple):
    """The exemption, and where it is already."""

    entry: Exemption
    in_file: bool
    is_live: bool


class Repair(NamedTuple):
    """The repair that is undone."""

    at: datetime
    request_id: str


@dataclass(frozen=True)
class Report:
    """How a bucket is to be opened, what was there of that already, and what was done."""

    bucket: str
    acl_before: str
    acl: str
    repaired: Repair | None
    exemption: Exemption
    was_in_file: bool
    was_live: bool
    done: tuple[str, ...]
    commit: str


def prepare(context: Context, wish: Wish, now: datetime) -> "Reopening":
    """Look at everything, and change nothing.

    Raises CloudError; Problem where it cannot be opened, or what to is not known, or the exemption
    cannot be written down; UsageError where one has to be made, and nobody said which.
    """
    bucket = Bucket(context.clients, wish.bucket)
    info = _info(bucket)
    lifts = lifting.to_lift(context, bucket, info, lambda: _lines(context, wish, now))
    repair = None if wish.acl else _last_repair(context, wish, info, now)
    acl = wish.acl or str(repair and repair.acl_before)
    live = _live(context)
    held = [each.exemptions() for each in live]
    exempted = _exempted(wish, PUBLIC_READ if acl == PRIVATE else acl, held, now.date())
    for each in live:
        each.check_reads(exempted.entry)
    if not exempted.in_file:
        files.check_writable(wish.exemptions)
    blocks = any(each.settings.ways for each in live)
    job = (context, wish, bucket, info, repair, acl, exempted, now.date())
    return Reopening(*job, lifts=lifts, blocks=blocks)


class Reopening:
    """One bucket that is to be open, and how far that has come."""

    def __init__(
        self,
        context: Context,
        wish: Wish,
        bucket: Bucket,
        info: Info,
        repair: AuditLine | None,
        acl: str,
        exempted: _Exempted,
        today: date,
        *,
        lifts: bool = False,
        blocks: bool = False,
    ) -> None:
        self.acl = acl
        self._lifts = lifts
        self._blocks = blocks
        self._context = context
        self._console = context.console
        self._wish = wish
        self._bucket = bucket
        self._before = info
        self._repair = repair
        self._exempted = exempted
        self._today = today
        self._done: list[str] = []
        self._lifted: JustMade | None = None

    def show(self) -> None:
        """What was found, and what will be done."""
        name, entry = self._bucket.name, self._exempted.entry
        if self._repair:
            self._console.say(
                f"{name} was {REPAIRED} at {at(self._repair.at)}, {self._repair.acl}, by a "
                f"finding of the rule {self._repair.rule_name or self._repair.rule_id} (request "
                f"{self._repair.request_id})"
            )
        self._console.table(("what", "now", "then"), self._rows())
        self._console.say(
            f"from then on a finding about {name} is recorded as {EXEMPT}, until {entry.expires} "
            "has passed"
        )

    def _rows(self) -> list[tuple[str, str, str]]:
        entry = self._exempted.entry
        told = (
            f"{entry.bucket}: {entry.allow} until {entry.expires} ({entry.reason}, {entry.owner})"
        )
        there = {True: ("there", "as it is"), False: ("lacks it", told)}
        acl = self._before.acl
        stays = self._is_open(acl) and not (self._lifts and self._is_wider(acl))
        block = (f"Block Public Access of {self._bucket.name}", "on, by the function", "off")
        return [
            (f"exemption in {self._wish.exemptions.name}", *there[self._exempted.in_file]),
            ("exemption in the live code", *there[self._exempted.is_live]),
            *([block] if self._lifts else []),
            (f"ACL of {self._bucket.name}", acl, "as it is" if stays else self.acl),
        ]

    def carry_out(self) -> None:
        """Do what is still to be done, and watch that nobody undoes it. Raises as `prepare`."""
        patiently(self._try_acl, spreading=self._just_lifted)
        self._write_down()
        seconds = patiently(self._put_live)
        self._lift()
        patiently(self._open, spreading=self._just_lifted)
        self._console.say(f"now commit it: {self._commit()}", "bold")
        self._watch(seconds if self._wish.watch is None else self._wish.watch)

    def report(self) -> Report:
        """The bucket, what it takes, and what was done so far."""
        repair = self._repair
        return Report(
            self._bucket.name,
            self._before.acl,
            self.acl,
            Repair(repair.at, repair.request_id) if repair else None,
            *self._exempted,
            tuple(self._done),
            self._commit(),
        )

    def _try_acl(self) -> None:
        """Write the ACL that it has, so that it is known whether it may be written.

        One that is open as far as wanted is left: nothing is to be written to it, and to write a
        public ACL while its owner is closing it would open it without an exemption.
        """
        acl = self._same().acl
        if self._lifts and self._bucket.blocks_public_access():
            self._bucket.set_block(on=True)
            self._same()
        if self._is_open(acl):
            return
        self._bucket.ask(buckets.PUT_ACL, lambda bucket: bucket.put_bucket_acl(acl))
        self._same()  # on a bucket that was deleted just now that made another

    def _write_down(self) -> None:
        """Add the exemption to the file, unless another run has done so since it was read."""
        path, entry = self._wish.exemptions, self._exempted.entry
        held = reviewed_exemptions(path, self._today)
        if not _allowing(held, self._bucket.name, self.acl, entry.expires):
            reviewed.add(path, entry, self._today)
            self._tell("exemption written", f"added to {path}")

    def _put_live(self) -> float:
        """Have the exemption live; gives for how many seconds older invocations can still run."""
        return max(self._put_on(each) for each in _live(self._context))

    def _put_on(self, live: DeployedFunction) -> float:
        held = live.exemptions()
        entry = self._exempted.entry
        if _allowing(held, self._bucket.name, self.acl, entry.expires):
            age = (datetime.now(timezone.utc) - live.changed_at).total_seconds()
            return min(max(live.timeout - age, 0.0), live.timeout)
        package = with_exemptions(live.package, Exemptions((*held.entries, entry)))
        live = live.set_package(package, self._console)
        self._tell(
            "exemption live", f"{live.spec.function_in_cloud} has the exemption, and else as before"
        )
        return live.timeout

    def _lift(self) -> None:
        """Lift what the function has set, if it is there: also what it has set meanwhile."""
        if self._blocks and not self._lifts and self._bucket.blocks_public_access():
            lines = _lines(self._context, self._wish, datetime.now(timezone.utc))
            self._lifts = lifting.set_by_us(lines, self._before)
        look = (self._console, self._bucket, self._same)
        if self._lifts and lifting.lift(*look, self._narrow):
            self._tell("lifted", f"lifted Block Public Access of {self._bucket.name}, as read back")

    def _narrow(self) -> None:
        if self._is_wider(self._same().acl):
            self._bucket.ask(buckets.PUT_ACL, lambda bucket: bucket.put_bucket_acl(PRIVATE))

    def _open(self) -> None:
        """Set the ACL, directly after a read: on a bucket that is gone that would make one."""
        name = self._bucket.name
        if self._is_open(self._same().acl):
            return
        self._bucket.ask(buckets.PUT_ACL, lambda bucket: bucket.put_bucket_acl(self.acl))

        def look() -> Progress:
            acl = self._same().acl
            return Progress(f"{name} is {acl}", self._is_open(acl))

        if not wait(look, self._console, _READ_BACK):
            raise Problem(f"{name} does not show the ACL that was set: run again")
        self._tell("opened", f"opened {name}: {self.acl}, as read back")

    def _just_lifted(self, error: CloudError) -> str:
        """Why a refusal may pass: Block Public Access is seen to be lifted, perhaps just now.

        When it was, nobody tells: the time counts from the first refusal on.
        """
        if not error.denied or error.final:
            return ""
        if self._lifted is None:
            self._lifted = just_made.now("Block Public Access is off, perhaps just lifted")
        why = just_made.reason(error, [self._lifted])
        return "" if lifting.whose(self._context, self._bucket) else why

    def _watch(self, seconds: float) -> None:
        """Keep it open while an invocation can still run that began with the older exemptions."""
        name = self._bucket.name
        if seconds:
            self._console.say(
                f"watching it for {seconds:.0f} s more, in which a repair that had begun before "
                "may still close it; to stop that is safe"
            )

        def look() -> Progress:
            self._lift()
            if not self._is_open(self._same().acl):
                self._console.say(f"{name} was closed by a repair that had begun before", "bold")
                self._open()
            return Progress(f"{name} is open", done=False)

        wait(look, self._console, seconds)
        if self._blocks:
            lifting.check_off(self._bucket)
        self._console.say(f"{name} is open, and exempt", "green")

    def _same(self) -> Info:
        """The bucket as it is, which must be the one that was looked at first."""
        now = _info(self._bucket)
        if now.created_at != self._before.created_at:
            raise Problem(
                f"{self._bucket.name} was deleted and made again meanwhile, and is not opened "
                f"further (it is {now.acl}): look whose it is"
            )
        return now

    def _is_open(self, acl: str) -> bool:
        return OPENNESS.get(acl, OPENNESS[PRIVATE]) >= OPENNESS[self.acl]

    def _is_wider(self, acl: str) -> bool:
        return OPENNESS.get(acl, OPENNESS[PRIVATE]) > OPENNESS[self.acl]

    def _tell(self, done: str, words: str) -> None:
        self._done.append(done)
        self._console.say(words, "green")

    def _commit(self) -> str:
        path, entry = self._wish.exemptions.resolve(), self._exempted.entry
        message = shlex.quote(f"Exempt {entry.bucket} until {entry.expires}")
        if path.is_relative_to(ROOT):
            return f"git commit -m {message} -- {shlex.quote(str(path.relative_to(ROOT)))}"
        return f"git -C {shlex.quote(str(path.parent))} commit -m {message} -- {path.name}"


def _info(bucket: Bucket) -> Info:
    found = bucket.info_if_there()
    if found is None:
        raise Problem(f"there is no bucket {bucket.name}, and none is made: check the name")
    return found


def _last_repair(context: Context, wish: Wish, info: Info, now: datetime) -> AuditLine:
    """The newest line of a repair of this bucket."""
    repairs = [line for line in _lines(context, wish, now) if line.closed]
    instead = "if it is to be open all the same, say --acl public-read"
    if not repairs:
        raise Problem(
            f"the audit trail has no repair of {wish.bucket} since {at(wish.since)}: {instead}"
        )
    last = repairs[-1]
    if last.acl_before not in OPENNESS or (last.acl_before == PRIVATE and not last.blocked):
        raise Problem(f"the repair of {wish.bucket} does not tell the ACL before: {instead}")
    if info.created_at.replace(microsecond=0) > last.at:  # the log has whole seconds
        raise Problem(
            f"{wish.bucket} was made at {at(info.created_at)}, after the repair of another one "
            f"of its name: {instead}"
        )
    return last


def _lines(context: Context, wish: Wish, now: datetime) -> Iterator[AuditLine]:
    span = (wish.since, now + audit_trail.SKEW)
    return audit_trail.read(context.clients, context.spec, *span, bucket=wish.bucket)


def _live(context: Context) -> list[DeployedFunction]:
    """The live function, on either Function Compute or both; raises as `DeployedFunction.read`."""
    specs = moving.deployed(context.spec, context.clients)
    return [DeployedFunction.read(each, context.clients) for each in specs]


def _exempted(wish: Wish, acl: str, live: Sequence[Exemptions], today: date) -> _Exempted:
    """What is there already, and holds as long as the options say, goes before what they say.

    An older entry is never changed: one that ends sooner gets a second beside it.
    """
    ours = reviewed_exemptions(wish.exemptions, today)
    until = wish.entry.expires if wish.entry else today
    in_file = _allowing(ours, wish.bucket, acl, until)
    those_live = (_allowing(each, wish.bucket, acl, until) for each in live)
    entry = in_file or next(filter(None, those_live), None)
    entry = entry or (wish.entry and wish.entry._replace(allow=acl))
    if entry is None:
        raise UsageError(
            f"{wish.bucket} has no exemption that allows {acl}: say --reason, --owner and "
            "--expires (a date such as 2026-12-31) for one"
        )
    # The live one may end sooner than that in the file, and would have the bucket closed then.
    is_live = all(_allowing(each, wish.bucket, acl, entry.expires) for each in live)
    if not is_live:
        entry = entry._replace(bucket=wish.bucket)  # nobody released the rest of a glob tonight
    return _Exempted(entry, in_file is not None, is_live)


def _allowing(held: Exemptions, bucket: str, acl: str, until: date) -> Exemption | None:
    """The exemption by which the bucket may have that ACL on that day; None if there is none.

    None begins on a day of its own: what holds then holds today. Where the public may write, it is
    to be from each remediation of public access.
    """
    closing = OF_ACCESS if acl == PUBLIC_READ_WRITE else (ACL,)
    entries = (
        each for each in held.entries if all(each.covers(bucket, until, name) for name in closing)
    )
    found = Exemptions(tuple(entries)).for_bucket(bucket, until)
    return found if allows(found, acl) else None
