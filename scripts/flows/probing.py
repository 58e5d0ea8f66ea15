"""What a probe asks, and what came; and of these questions those that reads alone answer.

Each question is asked by itself: one that is refused, or comes to no answer, is told as not asked,
and the others go on.
"""

import functools
import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from scripts.account import sites
from scripts.account.clients import Clients
from scripts.account.compute import fc2_service, fc3
from scripts.account.compute.port import Host
from scripts.account.endpoints import REGION, Endpoints
from scripts.account.function import LIST_FUNCTIONS
from scripts.account.notifications import LIST_RECORDS, action_policies
from scripts.account.own_bucket import NotOursError
from scripts.account.recorder import GET_RECORDER
from scripts.context import Context
from scripts.errors import CloudError, Problem
from scripts.patience import Progress, wait

PERMISSIONS = (GET_RECORDER, LIST_RECORDS, fc2_service.LIST_SERVICES, LIST_FUNCTIONS)

# By the key in the file: of a bucket (`probe_bucket`), a message (`probe_message`), services.
QUESTIONS: Mapping[str, str] = {
    "block_on_new_bucket": "is Block Public Access on in a new bucket?",
    "tag_shows": "after how many seconds does a tag show?",
    "info_anywhere": "does GetBucketInfo answer at another region's endpoint?",
    "block_shows": "after how many seconds does Block Public Access show that was switched on?",
    "put_acl_under_block": "what does PutBucketAcl to public-read answer under it?",
    "put_policy_under_block": "what does PutBucketPolicy answer to a public policy under it?",
    "lift_heeded": "for how many seconds after it was lifted is a public policy still refused?",
    "policy_shows": "after how many seconds does a public policy show in GetBucketPolicyStatus?",
    "rule_tests": "does the managed rule test the ACL alone, or the policy too?",
    "acl_shows": "after how many seconds does an ACL show?",
    "policy_status_under_block": "is IsPublic true of a public policy under Block Public Access?",
    "deletion_shows": "after how many seconds is a deleted bucket not found?",
    "put_acl_creates": "does PutBucketAcl make a bucket that is not there?",
    "put_acl_needs_put_bucket": "does that need oss:PutBucket too?",
    "retry_keeps_request_id": "does a retry of an asynchronous invocation keep its request id?",
    "published_body": "is a published body plain or base64 when it reaches the function?",
    "cloud_config_body": "is that of Cloud Config's own findings?",
    "config_sites": "which Cloud Config answers?",
    "alert_records": "how many action policies of Log Service are kept in which region?",
    "function_compute_2": "does Function Compute 2.0 answer?",
    "function_compute_3": "does Function Compute 3.0 answer?",
}
OF_BUCKET = tuple(QUESTIONS)[: tuple(QUESTIONS).index("put_acl_needs_put_bucket") + 1]
UNDER_WAY = 3600.0  # seconds within which what is left may be of a probe that still runs
_SHOWS_WITHIN = 120.0  # seconds
HOLDS = 3.0  # seconds for which looks are to agree, as the function's two


@dataclass(frozen=True)
class Came:
    """What a question came to: its answer, what OSS or another said, and after how many looks.

    Where it was not asked `not_asked` says why, and there is no answer.
    """

    answer: object = None
    said: str = ""
    looks: int = 1
    seconds: float = 0.0
    not_asked: str | None = None


class Unanswered(Problem):
    """A question came to no answer; the message says why, and has no name and no id."""


class Probe:
    """The questions of a run, and what has come of them so far."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.failures: list[CloudError] = []
        self.left_behind = False
        self._answers: dict[str, Came] = {}

    def ask(self, key: str, question: Callable[[], Came]) -> bool:
        """Ask one, and say what came; whether there is an answer."""
        began, why, came = time.monotonic(), None, Came()
        try:
            came = question()
        except CloudError as error:
            why = self.failed(error)
        except NotOursError:
            raise
        except Unanswered as error:
            why = str(error)
        except Problem as error:  # whose words may have names
            self.context.console.fail(str(error))
            why = "what it rests on is not there, or cannot be told"
        seconds = round(time.monotonic() - began, 2)
        self._answers[key] = replace(came, seconds=seconds, not_asked=why)
        self._tell(key)
        return why is None

    def failed(self, error: CloudError) -> str:
        """Keep a failure, to be told in the end; gives it in words that have no name and no id."""
        known = {(each.operation, each.code) for each in self.failures}
        if (error.operation, error.code) not in known:
            self.failures.append(error)
        return f"{error.operation} failed: {error.code}"

    def stays(self, what: str) -> None:
        """Say what may be left behind: that is no good end."""
        self.left_behind = True
        self.context.console.say(f"{what}: `resource-repair probe --clean` takes it away", "red")

    def skip(self, keys: Iterable[str], why: str) -> None:
        """Those of the questions that were not asked are not, and that is why."""
        for key in keys:
            if key not in self._answers:
                self._answers[key] = Came(looks=0, not_asked=why)
                self._tell(key)

    def answers(self) -> Mapping[str, Came]:
        """By the question's key, in its order."""
        return {key: self._answers[key] for key in QUESTIONS if key in self._answers}

    def _tell(self, key: str) -> None:
        found = self._answers[key]
        told = f"not asked: {found.not_asked}" if found.not_asked else json.dumps(found.answer)
        self.context.console.say(f"{QUESTIONS[key]} {told}", "yellow" if found.not_asked else "")


def shown(look: Callable[[], bool], within: float = _SHOWS_WITHIN) -> Came:
    """After how many seconds a look shows what it looks for; raises Unanswered, and CloudError."""
    began, looks = time.monotonic(), 0

    def progress() -> Progress:
        nonlocal looks
        looks += 1
        return Progress("", look())

    if not wait(progress, None, within):
        raise Unanswered(f"it did not show within {within:.0f} s")
    return Came(round(time.monotonic() - began, 2), "shown", looks)


def settled(look: Callable[[], object], lasting: object) -> Came:
    """What a look gives; `lasting`, which may be of before a change, if all looks for a while do.

    Raises as `shown`.
    """
    seen: list[object] = []

    def other() -> bool:
        seen.append(look())
        return seen[-1] != lasting

    try:
        shown(other, HOLDS)
    except Unanswered:
        if not seen:
            raise
    return Came(seen[-1], json.dumps(seen[-1]), len(seen))


def of_services(probe: Probe) -> None:
    """Ask which services answer, and where; by reads alone."""
    clients = probe.context.clients
    probe.ask("config_sites", lambda: _config_sites(probe.context))

    def kept_in(region: str) -> Came:
        return Came(action_policies(clients.log_at(region)))

    def alert_records() -> Came:
        regions = sites.RECORDS.values()
        return Came({each: _or_code(functools.partial(kept_in, each)).answer for each in regions})

    probe.ask("alert_records", alert_records)

    def answering(hosts: Callable[[Clients], Iterator[Host]]) -> Came:
        next(hosts(clients), None)
        return Came(answer=True)

    for key, kind in (("function_compute_2", fc2_service), ("function_compute_3", fc3)):
        ask = functools.partial(answering, kind.hosts)
        probe.ask(key, functools.partial(_or_code, ask))


def _config_sites(context: Context) -> Came:
    url = Endpoints.from_environment(context.environ).config
    if url and REGION not in url:
        raise Unanswered("the endpoint of Cloud Config is set: there is one to ask")
    status, failures = sites.statuses(sites.both(context.clients))
    for each in failures.values():
        if each.outage or (each.lacks_statement and not status):
            raise each
    return Came({**status, **{region: each.code for region, each in failures.items()}})


def _or_code(question: Callable[[], Came]) -> Came:
    """What came, or the code of the refusal, unless a permission is missing or it may pass."""
    try:
        return question()
    except CloudError as error:
        if error.lacks_statement or error.outage:
            raise
        return Came(error.code, error.code)
