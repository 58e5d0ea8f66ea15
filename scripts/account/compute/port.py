"""What is deployed, whichever Function Compute it is deployed to.

A function with its code, its triggers and its asynchronous configurations, as values; and the calls
that read and write them. Each generation of Function Compute has an adapter (`fc2`, `fc3`), and
nothing else knows its SDK.
"""

import contextlib
import json
import re
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any, NamedTuple, Protocol

from scripts.account.just_made import JustMade
from scripts.account.resource import Difference, State, Verdict
from scripts.declared import AsyncConfig
from scripts.errors import CloudError, Problem

# Seen in others' reports: "FC service is not enabled for current user" (403 AccessDenied) where
# Function Compute was never activated. Guessed: that services (2.0) which a newer account cannot
# have are refused alike, in words that name the version or say that they are not to be had.
_NOT_TO_BE_HAD = re.compile(
    r"not enabled|not activated|inactive|2\.0|3\.0|no longer|not supported|not available", re.I
)
_REFUSED = (400, 403)
LATEST = "LATEST"


def not_to_be_had(error: CloudError) -> bool:
    """Whether Function Compute refuses services altogether, and no permission would help."""
    of_service = error.operation.startswith("fc:") and error.status in _REFUSED
    return of_service and _NOT_TO_BE_HAD.search(str(error)) is not None


class ChangedError(Problem):
    """The function is no longer as it was read, and was left so."""

    @classmethod
    def of(cls, name: str) -> "ChangedError":
        """The same, in words."""
        return cls(
            f"{name} was changed by somebody else in this moment, so it was left alone: run again"
        )


class Fields(NamedTuple):
    """A function, field by field: what s.yaml says of it (`told`), and what that leaves alone.

    Its variables and its code are neither's.
    """

    told: State
    settings: State


class LiveFunction(NamedTuple):
    """A function as it was when it was read.

    `version` tells one state of it from another; it is empty where the service has no such thing.
    """

    fields: Fields
    description: str
    environment: Mapping[str, str]
    checksum: str
    timeout: float
    changed_at: datetime
    version: str

    @classmethod
    def of(cls, answer: Any, fields: Fields) -> "LiveFunction":
        """What GetFunction of either SDK answers, with the fields that are compared."""
        body = answer.body
        return cls(
            fields=fields,
            description=body.description or "",
            environment=dict(body.environment_variables or {}),
            checksum=str(body.code_checksum),
            timeout=float(body.timeout),
            changed_at=datetime.fromisoformat(body.last_modified_time.replace("Z", "+00:00")),
            version=answer.headers.get("etag", ""),
        )


class Change(NamedTuple):
    """What an update brings; what it leaves out stays as it is.

    With `declared` all that s.yaml says but code; `reset` are fields of `Fields.settings`.
    """

    declared: bool = False
    environment: Mapping[str, str] | None = None
    code: bytes | None = None
    reset: Collection[str] = ()


class StoredPackage(NamedTuple):
    """Where the code can be had, by a URL that is a secret, and its checksum."""

    url: str
    checksum: str


def qualifier(told: str | None) -> str:
    """A version or an alias, as Function Compute tells it; empty for the latest."""
    return "" if told == LATEST else told or ""


class LiveTrigger(NamedTuple):
    """A trigger; an empty `qualifier` is the latest version."""

    name: str
    kind: str
    source_arn: str
    role: str
    qualifier: str
    config: Mapping[str, str]

    @classmethod
    def of(cls, found: Any) -> "LiveTrigger":
        """A Trigger of either SDK."""
        return cls(
            name=found.trigger_name,
            kind=found.trigger_type,
            source_arn=found.source_arn or "",
            role=found.invocation_role or "",
            qualifier=qualifier(found.qualifier),
            config=json.loads(found.trigger_config or "{}"),
        )


class LiveAsync(NamedTuple):
    """An asynchronous configuration; destinations are ARNs, or empty."""

    qualifier: str
    retries: int
    max_age: int
    on_failure: str
    on_success: str
    tracked: bool


class Invocation(NamedTuple):
    """What an invocation was answered with; the names of headers are in lower case."""

    headers: Mapping[str, str]
    body: bytes


class Host(NamedTuple):
    """What has a role and logs, in the region: its kind and name, and these; empty for none."""

    what: str
    role: str
    project: str
    logstore: str


class Sender(NamedTuple):
    """A function in the region that sends to these ARNs what became of its invocations."""

    what: str
    to: tuple[str, ...]


@contextlib.contextmanager
def unless_changed(name: str) -> Iterator[None]:
    """Turn the refusal of an update with If-Match into ChangedError."""
    try:
        yield
    except CloudError as error:
        if error.status != HTTPStatus.PRECONDITION_FAILED:
            raise
        raise ChangedError.of(name) from None


def destination(found: Any) -> str:
    """The ARN of a Destination of either SDK; empty where there is none."""
    return (found.destination or "") if found else ""


class Compute(Protocol):
    """Function Compute, about the function of a spec; each call raises CloudError.

    What is not there is None, an empty list, or is deleted already.
    """

    tracking: str  # how the API calls `LiveAsync.tracked`

    def function(self) -> LiveFunction | None:
        """The function."""
        ...

    def declared(self) -> Fields:
        """The function as it should be."""
        ...

    def create_function(self, code: bytes) -> None:
        """Make it as it is declared, to run that zip."""
        ...

    def update_function(self, seen: LiveFunction, change: Change) -> None:
        """Change it, if it is still as it was `seen`; raises ChangedError if not."""
        ...

    def delete_function(self) -> None:
        """Take it away."""
        ...

    def rests_on(self) -> Iterator[JustMade]:
        """What making the function names, and who is asked may not know yet."""
        ...

    def package(self) -> StoredPackage:
        """Where its code is; what it is not told at once is not asked for again."""
        ...

    def invoke(self, event: bytes, seconds: float) -> Invocation:
        """Run it, and wait so long for its end. An error of the function is an answer too."""
        ...

    def trigger(self) -> LiveTrigger | None:
        """The trigger of the declared name."""
        ...

    def triggers(self) -> Iterator[LiveTrigger]:
        """Every trigger of the function."""
        ...

    def create_trigger(self, config: Mapping[str, str]) -> None:
        """Make the declared one."""
        ...

    def amounts_to(self, differences: Collection[Difference]) -> Verdict:
        """What becomes of the trigger where it differs so: it is changed, or made anew."""
        ...

    def warning(self, verdict: Verdict) -> str:
        """What it may cost to do that to the trigger, in words; or empty."""
        ...

    def change_trigger(
        self, config: Mapping[str, str], differences: Collection[Difference]
    ) -> None:
        """Bring the declared one to what is declared."""
        ...

    def delete_trigger(self, name: str) -> None:
        """Take a trigger away, whoever made it."""
        ...

    def async_config(self) -> LiveAsync | None:
        """The asynchronous configuration of the latest version."""
        ...

    def async_configs(self) -> Iterator[LiveAsync]:
        """Those of all versions and aliases."""
        ...

    def put_async(self, wanted: AsyncConfig) -> None:
        """Have this one for the latest version, and nothing of the one before."""
        ...

    def delete_async(self, qualifier: str = "") -> None:
        """Take one away: the latest version's, or that of a version or an alias."""
        ...
