"""Tells the closed loop as it happens: one line for each thing that a person wants to see."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from scripts.localcloud.journal import Entry


class Line(NamedTuple):
    """One line of the timeline: who did what, and at what time (`time.monotonic()`)."""

    at: float
    who: str
    what: str


STYLES = {
    "You": "bold white",
    "Cloud Config": "magenta",
    "MNS": "yellow",
    "Function Compute": "cyan",
    "The function": "green",
}

_CALLS = {
    "GetBucketInfo": "asks OSS how open {} is",
    "PutBucketAcl": "sets {} to private",
    "GetBucketPolicyStatus": "asks whether a bucket policy makes {} public",
}


def tell(entries: list[Entry], bucket: str, rule_id: str) -> Iterator[Line]:
    """The lines about one bucket and one rule in a stretch of the local cloud's journal."""
    for entry in entries:
        if entry.details.get("rule_id", rule_id) != rule_id:
            continue
        describe = _DESCRIBED.get((entry.service, entry.action)) or _request
        who, what = describe(entry, bucket)
        if what:
            yield Line(entry.at, who, what)


def told_at(entries: Sequence[Entry], bucket: str) -> float | None:
    """When the function first said what became of a bucket's ACL; None if it has not."""
    name, of = f'"bucket": "{bucket}"', '"remediation": "acl"'
    for entry in entries:
        lines = entry.details.get("log", "").splitlines() if entry.action == "invoked" else ()
        if any(name in line and of in line for line in lines):
            return entry.at
    return None


def by_function(entry: Entry) -> bool:
    """Whether a request to OSS was made with the temporary key of a role."""
    request = entry.details.get("request")
    return bool(request and "Credential=STS." in request.headers.get("authorization"))


Described = tuple[str, str]


def _request(entry: Entry, bucket: str) -> Described:
    if entry.service != "oss" or entry.subject != bucket or not by_function(entry):
        return "", ""
    return "The function", _CALLS.get(entry.action, entry.action).format(bucket)


def _evaluated(entry: Entry, bucket: str) -> Described:
    if entry.subject != bucket:
        return "", ""
    result = str(entry.details["compliance"])
    return "Cloud Config", f"evaluates {bucket} after its change: {result}"


def _published(entry: Entry, bucket: str) -> Described:
    if entry.details["bucket"] != bucket:
        return "", ""
    return "Cloud Config", f"publishes the finding to the topic {entry.subject}"


def _delivered(_: Entry, __: str) -> Described:
    return "MNS", "hands the finding to the function's trigger"


def _started(entry: Entry, _: str) -> Described:
    python = f"Python {entry.details['version']}"
    if entry.details["substituted"]:
        python += f", since {entry.details['runtime']} is not on this machine"
    return "Function Compute", f"starts an instance with the function's zip ({python})"


def _invoked(entry: Entry, _: str) -> Described:
    start = "cold" if entry.details["cold"] else "warm"
    ended = "fails" if entry.details["error_type"] else "is done"
    return (
        "Function Compute",
        f"sees that it {ended}, after {entry.details['duration_ms']:.0f} ms ({start})",
    )


_DESCRIBED: dict[tuple[str, str], Callable[[Entry, str], Described]] = {
    ("config", "evaluated"): _evaluated,
    ("config", "published"): _published,
    ("mns", "delivered"): _delivered,
    ("fc", "started"): _started,
    ("fc", "invoked"): _invoked,
}
