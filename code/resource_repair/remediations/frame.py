"""What a remediation is: one value, with what is declared of it and the functions that do it.

The course of a repair, which is the same for all, is in `repair`. A remediation makes no request
but by the bucket that it is given, and a function that asks OSS raises BucketError as that does.
"""

from datetime import date, datetime, timezone
from typing import TYPE_CHECKING, Any, Callable, Dict, List, NamedTuple, Optional, Set, Tuple

from resource_repair.exemptions import Exemption, Exemptions
from resource_repair.settings import ExemptTag
from resource_repair.timing import Clock
from resource_repair.values import REPORT, UNPROVEN

Conclusion = Tuple[str, str]  # outcome and reason

# Of a document that others write too.
OVERTAKEN = (UNPROVEN, "somebody else wrote it meanwhile: look for what they miss")
# What somebody else wrote, and proved, between a look and so late a write may be taken back by it.
LATE = (UNPROVEN, "written seconds after its look: look for what somebody else may miss")


class Case(NamedTuple):
    """One finding's bucket, and what people have said of it.

    Without `tag` no tag exempts, and none is read. `known` takes what is learnt for the record:
    further fields of Outcome, by name. `missed` takes why reads went unanswered that we can do
    without; if it is None, they are tried until the deadline.
    """

    bucket: str
    exemptions: Exemptions
    tag: Optional[ExemptTag]
    clock: Clock
    known: Dict[str, Any]
    missed: Optional[List[str]] = None

    def today(self) -> date:
        """The date in UTC."""
        return datetime.fromtimestamp(self.clock.wall(), timezone.utc).date()


class Aim(NamedTuple):
    """What the bucket is to be, by which exemption, and what is to be said of a tag."""

    value: str
    exemption: Optional[Exemption] = None
    remark: str = ""


if TYPE_CHECKING:
    from resource_repair.oss import Bucket, BucketState

    State = Callable[[BucketState], str]
    Wanted = Callable[[Case, BucketState, Any, bool], Optional[Aim]]
    Learn = Callable[[Case, Bucket], Any]
    Test = Callable[[BucketState, Aim], bool]
    Write = Callable[[Bucket, BucketState, Aim], str]
    Settled = Callable[[Case, Bucket, BucketState, Aim, bool], Optional[Conclusion]]
    Would = Callable[[Aim], str]
    Harmless = Callable[[Aim], bool]
    Look = Callable[[Any, BucketState], BucketState]
    Undo = Callable[[str], Tuple[str, str]]
    Was = Callable[[Optional[str], Optional[str], Set[str]], Optional[str]]
else:  # where nobody looks at them, they would be two milliseconds of each cold start
    State = Wanted = Learn = Test = Write = Settled = Would = Harmless = Undo = Look = Was = object


def _never(_: Aim) -> bool:
    return False


def _all_there(_bucket: Any, there: "BucketState") -> "BucketState":
    return there


def _as_found(before: Optional[str], _after: Optional[str], _written: "Set[str]") -> Optional[str]:
    return before


def _all_of_it(text: str) -> str:
    return text


def _nothing_more(_case: Case, _bucket: "Bucket") -> None:
    return None


class Remediation(NamedTuple):
    """One remediation of buckets.

    `rules` are the managed rules whose findings it mends. The permissions are those that the
    function's role needs to look and to write, on `resources` (an ARN with `{account}` in it), and
    that a person needs to undo it. `breaks` says in one sentence what it may break.

    `state` is what it changes, of a bucket's state, as a short text. `wanted` says what the bucket
    is to be; None if that takes more than its state: what `learn` returns, after which the state is
    read anew. (With its last argument a state that is as it is to be may be written over.) It
    raises RefusedError for a state in no known form. `met` says whether that is so, or better.
    `write` makes it so, directly after that state was read, and returns OSS's request id; `would`
    says that in words. `proof` says whether a state is what `write` makes: never by what the write
    answered. `settled` concludes on a bucket that is as it is to be, by our doing (the last
    argument) or not; or it gives None where there is more to do, for which it reads, and asks
    `wanted`, anew. `undo` gives the operation of OSS that brings a state back, and its value (of
    a document of `whole` the value does not count: what goes in or out is by the record).

    `look` adds to the state what is read by requests of its own, from whatever has that method of
    the function's bucket.

    `was` tells what there was before, from that as it was read, what there is, and the values that
    were to be written: of one that writes several, others may have done one of them meanwhile.

    `acl_in` takes the ACL out of `state`, of one that writes the ACL and tells more.

    `harmless` is whether to write that to a bucket which is like that, or better, takes nothing
    away. With `looks_twice` a write follows two looks that agree, since it may take something away
    that the first of them is too stale to show. With `creates` it may make a bucket that is gone.
    With `whole` it writes a document that others write too: `state` is what it takes out of that,
    or adds, and no write takes out more than the record tells; another one's document in the place
    of ours is one to begin with anew; and what was read back must still be there at a second look,
    by when whoever wrote at the same moment has seen our document in the place of theirs.
    """

    name: str
    rules: Tuple[str, ...]
    to_read: Tuple[str, ...]
    to_write: Tuple[str, ...]
    to_undo: Tuple[str, ...]
    reversible: bool
    breaks: str
    state: State
    wanted: Wanted
    met: Test
    write: Write
    would: Would
    proof: Test
    settled: Settled
    undo: Undo
    learn: Learn = _nothing_more
    harmless: Harmless = _never
    look: Look = _all_there
    acl_in: Callable[[str], str] = _all_of_it
    was: Was = _as_found
    looks_twice: bool = False
    creates: bool = False
    whole: bool = False
    default_mode: str = REPORT
    # Any bucket may be found. (Page "OSS authorization syntax and elements": the region is *.)
    resources: str = "acs:oss:*:{account}:*"

    @property
    def permissions(self) -> Tuple[str, ...]:
        """All that the function's role needs."""
        return (*self.to_read, *self.to_write)
