"""What is declared as a resource: how it is read, made and changed, and what a plan does to it."""

import abc
import contextlib
import enum
import functools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, TypeVar

from scripts.account import just_made
from scripts.account.clients import asked, calling
from scripts.account.just_made import JustMade
from scripts.errors import NOT_SEEN_YET, STILL_THERE, CloudError, Problem
from scripts.patience import patiently

FC_PAGE = 100  # the most that there can be on a page of Function Compute's

_T = TypeVar("_T")
State = Mapping[str, str]  # what is known of a resource, field by field, to be compared and shown


class Verdict(str, enum.Enum):
    """What is to be done to a resource."""

    CREATE = "create"
    CHANGE = "change"
    REPLACE = "replace"  # deleted and made anew, since it cannot be changed
    REMOVE = "remove"
    KEEP = "keep"


@dataclass(frozen=True)
class Difference:
    """A field that is not as declared; an empty text stands for nothing."""

    field: str
    live: str
    declared: str

    def __str__(self) -> str:
        return f"{self.field}: {self.live or 'nothing'} -> {self.declared or 'nothing'}"


@dataclass(frozen=True)
class Step:
    """One resource: what is to be done to it, why, and the doing, which may be repeated."""

    verdict: Verdict
    kind: str
    name: str
    differences: tuple[Difference, ...]
    once: Callable[[], None] = field(repr=False, compare=False)
    rests_on: tuple[JustMade, ...] = field(default=(), repr=False, compare=False)
    warning: str = ""  # what it may cost, to be told beforehand

    def carry_out(self) -> None:
        """Do it; what it stands on may have been made a moment ago. Raises CloudError, Problem."""
        why = functools.partial(just_made.reason, named=self.rests_on)
        patiently(self.once, after_making=True, spreading=why)


@dataclass(frozen=True)
class Plan:
    """All steps, in the order in which they are carried out."""

    account_id: str
    region: str
    steps: tuple[Step, ...]

    @property
    def changes(self) -> tuple[Step, ...]:
        """The steps that do something."""
        return tuple(step for step in self.steps if step.verdict is not Verdict.KEEP)


class Resource(Protocol):
    """Something that the spec declares, and how it is read and made; its calls raise CloudError."""

    kind: str
    name: str

    def live(self) -> State | None:
        """As it is; None if it is not there."""
        ...

    def declared(self) -> State:
        """As it should be."""
        ...

    def create(self) -> None:
        """Make it."""
        ...

    def change(self, differences: tuple[Difference, ...]) -> None:
        """Bring it from what it is to what is declared."""
        ...


class Removable(Protocol):
    """Something that may be taken away again; its calls raise CloudError."""

    kind: str
    name: str

    def there(self) -> bool:
        """Whether it is there at all."""
        ...

    def stays(self) -> str:
        """Why it must not be taken away, being there, in words; empty if it is ours alone."""
        ...

    def delete(self) -> None:
        """Take it away; one that is gone already is no error."""
        ...


class Thing(abc.ABC):
    """What most kinds of things have in common."""

    @abc.abstractmethod
    def _read(self) -> Any:
        """As it is; None if it is not there."""

    def there(self) -> bool:
        """Whether it is there at all."""
        return self._read() is not None

    def obstacle(self) -> str:
        """Nothing can be in the way of it that others do not tell of."""
        return ""

    def rests_on(self) -> Iterable[JustMade]:
        """What making it names, and who is asked may not know yet."""
        return ()

    def amounts_to(self, differences: tuple[Difference, ...]) -> Verdict:  # noqa: ARG002
        """What `change` does where it differs so: it is changed, or replaced."""
        return Verdict.CHANGE

    def warning(self, verdict: Verdict) -> str:  # noqa: ARG002
        """What it may cost to do that to it, in words; empty where it costs nothing."""
        return ""


class Surrounding(Resource, Protocol):
    """A thing around the function, which provision makes or adopts."""

    def obstacle(self) -> str:
        """Why it cannot be had as declared, and what to do about it, in a line; else empty."""
        ...


def find(operation: str, subject: str, call: Callable[[], Any]) -> Any:
    """What `call` reads by an SDK, or None where the service says that there is no such thing."""
    answer = read(operation, subject, call)
    return answer and answer.body


def token_pages(
    operation: str,
    subject: str,
    page: Callable[[str | None], Any],
    items: Callable[[Any], list[Any] | None],
) -> Iterator[Any]:
    """What all pages have; nothing if the subject is not there."""
    token: str | None = None
    while True:
        body = find(operation, subject, functools.partial(page, token))
        yield from (body and items(body)) or ()
        token = body and body.next_token
        if not token:
            return


def seen(thing: Removable, operation: str) -> None:
    """Look, by `operation`, until what was made by the call that was just answered is there.

    Raises CloudError where two minutes by the service's clock are not enough.
    """
    _settled(thing, operation, there=True, code=NOT_SEEN_YET, done="made")


def gone(thing: Removable, operation: str) -> None:
    """Look likewise until what was just deleted is there no more."""
    _settled(thing, operation, there=False, code=STILL_THERE, done="deleted")


def _settled(thing: Removable, operation: str, *, there: bool, code: str, done: str) -> None:
    named = just_made.done(f"the {thing.kind} {thing.name} was just {done}", code)

    def look() -> None:
        if thing.there() is not there:
            raise CloudError(operation, thing.name, code, 0, f"that {thing.kind} was {done}")

    patiently(look, spreading=functools.partial(just_made.reason, named=(named,)))


@contextlib.contextmanager
def creating(operation: str, subject: str) -> Iterator[None]:
    """As `calling`; what is there already, since another run was faster, is adopted."""
    with _tolerating(r"(?<!Not)Exists?\b", operation, subject):
        yield


@contextlib.contextmanager
def deleting(operation: str, subject: str) -> Iterator[None]:
    """As `calling`; what is gone already is no error."""
    with _tolerating(r"NotExists?\b|NotFound\b", operation, subject):
        yield


@contextlib.contextmanager
def _tolerating(codes: str, operation: str, subject: str) -> Iterator[None]:
    try:
        with calling(operation, subject):
            yield
    except CloudError as error:
        if not re.search(codes, error.code):
            raise


def step_for(resource: Resource) -> Step:
    """The step that a resource needs.

    It is read again when the step is carried out, and at each further try of that, which raises
    Problem where it is no longer as it was, nor as the step itself can have left it.
    """
    planned = _needed(resource)
    begun = False

    def carry_out() -> None:
        nonlocal begun
        now = _needed(resource)
        if now.verdict is Verdict.KEEP:  # by somebody else, or a try whose answer was lost
            return
        ours = now.live == planned.live or (begun and _left_by_us(now, planned, resource))
        if not ours:
            raise Problem(
                f"the {resource.kind} {resource.name} was changed by somebody else since the plan "
                "was shown, so it was left alone: run again"
            )
        begun = True
        if now.verdict is Verdict.CREATE:
            resource.create()
        else:
            resource.change(now.differences)

    step = (planned.verdict, resource.kind, resource.name, planned.differences, carry_out)
    if not isinstance(resource, Thing):
        return Step(*step)
    return Step(*step, tuple(resource.rests_on()), resource.warning(planned.verdict))


def _left_by_us(now: "_Needed", planned: "_Needed", resource: Resource) -> bool:
    """Whether a try that did not end well may have left it so: each field before, between or after.

    Between is empty: a role that is made has no policy yet.
    """
    if now.live is None:
        return planned.live is None or now.verdict is Verdict.CREATE
    before, after = planned.live or {}, resource.declared()
    return all(
        value in ("", before.get(field, ""), after.get(field, ""))
        for field, value in now.live.items()
    )


class _Needed(NamedTuple):
    live: State | None
    verdict: Verdict
    differences: tuple[Difference, ...] = ()


def _needed(resource: Resource) -> _Needed:
    live = resource.live()
    if live is None:
        return _Needed(live, Verdict.CREATE)
    differences = compare(live, resource.declared())
    if not differences:
        return _Needed(live, Verdict.KEEP)
    amounts = resource.amounts_to(differences) if isinstance(resource, Thing) else Verdict.CHANGE
    return _Needed(live, amounts, differences)


def compare(live: State, declared: State) -> tuple[Difference, ...]:
    """The fields in which two states differ, first those declared."""
    names = [*declared, *(name for name in live if name not in declared)]
    pairs = ((name, live.get(name, ""), declared.get(name, "")) for name in names)
    return tuple(Difference(*pair) for pair in pairs if pair[1] != pair[2])


def read(operation: str, subject: str, call: Callable[[], _T]) -> _T | None:
    """What `call` reads, or None where the service says that there is no such thing."""
    try:
        return asked(operation, subject, call)
    except CloudError as error:
        if error.status == 404:  # noqa: PLR2004  (it is what it is called everywhere)
            return None
        raise
