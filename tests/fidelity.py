"""How faithful the local cloud is, fact by fact, as the tests show that are marked with a fact.

A plugin of pytest. Whatever run it is in: the table in docs/local-cloud.md is what that run shows,
or the run fails. With --write-fidelity the table is written instead.

make fidelity     # run the marked tests, and write
make test-cloud   # run all of the local cloud's own tests, and compare
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

import pytest

from scripts.localcloud import LocalCloud

DOCUMENT = Path(__file__).parents[1] / "docs" / "local-cloud.md"
MARK = "fidelity"

_BEGIN = "<!-- how faithful it is: written by `make fidelity` -->\n"
_END = "<!-- end of how faithful it is -->\n"
_SAME = "the same"
_SWITCH = re.compile(r"\{([\w.]+)\}")

Outcomes = Mapping[int, Mapping[str, bool]]
"""For each fact the tests of it, as `file::function`, and whether all went well in them."""


class Fact(NamedTuple):
    """What Alibaba Cloud does, where that is told, and what its stand-in does.

    In `here` a switch is named in braces; the table has its default beside it.
    """

    fact: str
    source: str
    here: str = _SAME


FACTS = {
    1: Fact(
        "A bucket has 20 tags at most; a key has 64 bytes at most, and does not begin as Alibaba "
        "Cloud's own do",
        "PutBucketTags",
    ),
    2: Fact("`DELETE ?tagging=key` deletes that key alone", "tests of both OSS SDKs"),
    3: Fact(
        "ListBuckets gives 100 buckets unless told otherwise, at most 1000; prefix, marker and "
        "tags choose among them",
        "GetService",
    ),
    4: Fact(
        "The region that a request is signed for must be the host's (EC 0002-00000226)",
        "0002-00000226; oss2's test",
        "the same; at an address that names no region, any one that there is",
    ),
    5: Fact("Whether the bucket exists is looked at before the credentials", "tests of OSS SDK v2"),
    6: Fact(
        "Block Public Access is on in a new bucket",
        "tests of OSS SDK v2",
        "a switch, as both occur: {oss.block_new_buckets}",
    ),
    7: Fact(
        "A change of Block Public Access takes seconds to show",
        "oss2's test",
        "the same, counted in looks: {spreading.looks}; or `Lag` for one change",
    ),
    8: Fact(
        "A policy's statement without Principal is stored, and counts as public",
        "tests of both OSS SDKs",
    ),
    9: Fact(
        "Block Public Access of the whole account is put, got and deleted", "PutPublicAccessBlock"
    ),
    10: Fact(
        "An account has 100 buckets at most in a region",
        "PutBucket",
        "the same: {oss.most_buckets}",
    ),
    11: Fact(
        "Old accounts still sign with version 1",
        "0002-00000080",
        "a switch, as new accounts are refused: {oss.accepts_v1}",
    ),
    12: Fact(
        "RAM: 1024 characters of a description, 6144 of a policy, 5 versions of it, 5 policies of "
        "one's own and 20 of the system's on a role",
        "CreateRole, CreatePolicyVersion, Limits",
        "the same; more by `cloud.ram.most_attached`",
    ),
    13: Fact("AttachPolicyToRole needs the role and the policy", "AttachPolicyToRole"),
    14: Fact(
        "Conditions of policies decide",
        "Policy elements",
        "the same for the keys named above; with another one nothing is allowed, and the journal "
        "tells",
    ),
    15: Fact("The account itself may not AssumeRole", "AssumeRole; FAQ about RAM roles"),
    16: Fact("RAM users have keys and policies of their own", "CreateUser, CreateAccessKey"),
    17: Fact(
        "StartConfigRuleEvaluation and ListConfigRuleEvaluationResults are allowed on all "
        "resources alone, and refused with 400 NoPermission",
        "both pages",
    ),
    18: Fact(
        "StartConfigRuleEvaluationByResource",
        "its page",
        "the same; guessed: that every rule is evaluated, and the oldest answered",
    ),
    19: Fact(
        "ListRemediations, CreateRemediation",
        "both pages",
        "kept and told, never carried out; guessed: their error codes",
    ),
    20: Fact(
        "An evaluation takes minutes; rules are made and deleted some time later",
        "Terraform provider",
        "the same: so many seconds of cloud time, {config.evaluates_after}, and so many reads that "
        "miss a new rule, {config.lag.reads}",
    ),
    21: Fact(
        "CreateService and CreateTrigger are refused for a while after their role was made",
        "Terraform provider",
        "the same, counted in looks: {spreading.looks}; guessed: the words",
    ),
    22: Fact(
        "A new log project or store is not seen for up to two minutes",
        "Terraform provider; samples of the SDK",
        "the same, counted in looks: {spreading.looks} for other services, {log.lateness.new} for "
        "all",
    ),
    23: Fact(
        "An asynchronous run that the platform refuses (429, 5xx) is tried again for 5 hours, and "
        "is no attempt",
        "Retry policies",
        "the same; guessed: that all waits together are the 5 hours",
    ),
    24: Fact(
        "100 instances run at once in a region, and then there is 429",
        "Retry policies",
        "the same: {fc.max_instances}",
    ),
    25: Fact(
        "An empty answer has no content type of JSON",
        "the JavaScript SDK of Function Compute; a recording of the Serverless Devs client",
    ),
    26: Fact("An initializer runs before the handler", "test of the Python SDK"),
    27: Fact(
        "A message's tag has 16 characters at most, a topic 100 subscriptions",
        "Limits (MNS)",
    ),
    28: Fact(
        "BatchSendMessage, BatchDeleteMessage, SetSubscriptionAttributes",
        "their pages",
        "the same; guessed: that a batch is sent wholly or not at all",
    ),
    29: Fact(
        "Subscriptions push to HTTP servers and to queues",
        "Subscribe",
        "the same on this machine; what is for others is told as lost",
    ),
    30: Fact(
        "Log Service: `x-log-date` is not signed; version 4 signatures", "Python SDK of Log Service"
    ),
    31: Fact("A log's own time and source are kept", "PutLogs"),
    32: Fact(
        "A project's description has 64 characters at most, an account 50 projects, a project 200 "
        "stores; what is deleted goes some time later",
        "Manage projects; Basic resources",
        "the same; how many requests see the deleted: {log.lateness.deleted}",
    ),
    33: Fact(
        "A website's error page and routing rules, the encryption headers of PutBucket and "
        "resource groups are kept and told",
        "oss2's tests",
    ),
    34: Fact(
        "A missing permission and somebody else's bucket have error codes (EC) of their own",
        "HTTP 403 errors; 0003-00000201, 0003-00000202",
        "the same: {oss.explains_denials}; off, it is told in the other documented way",
    ),
    35: Fact(
        "What is asked for has its effect, or is refused",
        "all pages",
        "refused by name, where it is not known here: 501, or the service's own error",
    ),
    36: Fact(
        "A function of 3.0 finds its keys in the environment; python3.12 has no credentials and no "
        "service in its context",
        "Context; Configure environment variables (3.0)",
    ),
    37: Fact(
        "In 3.0 vCPUs are a multiple of 0.05 and memory of 64 MB, from 1 to 4 GB a vCPU; the disk "
        "is one of two",
        "CreateFunctionInput (2023-03-30)",
        "the same; guessed: what is not told is as the client fills it in",
    ),
    38: Fact(
        "A function of a service is `service$function` in 3.0",
        "Comparison and compatibility between 3.0 and 2.0",
        "the same; a change of one from 3.0 is refused by name",
    ),
    39: Fact(
        "A code package is put into a temporary bucket first, signed in version 1",
        "recordings and source of the Serverless Devs client's component fc3",
        "the same; a package in a bucket of the account is refused by name",
    ),
    40: Fact(
        "Whether UpdateTrigger of 3.0 changes a trigger of a topic is not told; the client never "
        "asks for it",
        "source of component fc3",
        "a switch: {fc.triggers.can_change}; off, it is refused in 2.0's words",
    ),
}

_seen: dict[int, dict[str, bool]] = defaultdict(dict)


def pytest_addoption(parser: pytest.Parser) -> None:
    """The option to write."""
    parser.addoption("--write-fidelity", action="store_true", help="write the table of fidelity")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Have each marked test tell its facts with its outcome, from another process too."""
    for item in items:
        for mark in item.iter_markers(MARK):
            if unknown := set(mark.args) - FACTS.keys():
                raise pytest.UsageError(f"{item.nodeid}: there is no fact {unknown}")
            item.user_properties += [(MARK, number) for number in mark.args]


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """One phase of a test: a test shows its fact if none of its cases fails or is passed over."""
    test = report.nodeid.partition("[")[0]
    for name, number in report.user_properties:
        if name == MARK:
            _seen[int(str(number))][test] = (
                _seen[int(str(number))].get(test, True) and report.passed
            )


def pytest_sessionfinish(session: pytest.Session) -> None:
    """At the end of it all, write the table, or fail if it is another one than the document's."""
    config = session.config
    if hasattr(config, "workerinput") or config.option.collectonly:
        return
    told = DOCUMENT.read_text("utf-8")
    wanted = written(told, _seen)
    if config.option.write_fidelity:
        DOCUMENT.write_text(wanted, "utf-8")
    if lacking := [number for number in FACTS if not shown(_seen.get(number, {}))]:
        config.stash[_PROBLEM] = f"not shown: fact {', '.join(map(str, lacking))}"
    elif wanted != told and not config.option.write_fidelity:
        config.stash[_PROBLEM] = f"{DOCUMENT.name} tells another fidelity: run `make fidelity`"
    if _PROBLEM in config.stash:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say what is wrong."""
    if _PROBLEM in config.stash:
        terminalreporter.write_line(config.stash[_PROBLEM], red=True)


_PROBLEM = pytest.StashKey[str]()


def shown(outcomes: Mapping[str, bool]) -> bool:
    """Whether there is a test, and none failed."""
    return bool(outcomes) and all(outcomes.values())


def written(document: str, seen: Outcomes) -> str:
    """The document with the table that a run gives."""
    before, begin, rest = document.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not (begin and end):
        raise ValueError(f"{DOCUMENT.name} has no place for the table: {_BEGIN!r} … {_END!r}")
    return f"{before}{_BEGIN}\n{table(seen)}\n{_END}{after}"


def table(seen: Outcomes) -> str:
    """The table in Markdown, a line for each fact."""
    head = ["| # | Alibaba Cloud | told by | here | shown by |", "| --- | --- | --- | --- | --- |"]
    with LocalCloud() as cloud:
        lines = [
            _line(number, fact, _with_defaults(fact.here, cloud), seen.get(number, {}))
            for number, fact in FACTS.items()
        ]
    return "\n".join([*head, *lines, ""])


def _with_defaults(here: str, cloud: LocalCloud) -> str:
    def told(found: re.Match[str]) -> str:
        default = attrgetter(found[1])(cloud)
        shown = {True: "on", False: "off"}[default] if isinstance(default, bool) else default
        return f"`cloud.{found[1]}` ({shown})"

    return _SWITCH.sub(told, here)


def _line(number: int, fact: Fact, here: str, outcomes: Mapping[str, bool]) -> str:
    here = here if shown(outcomes) else "**not shown**"
    tests = "; ".join(_links(outcomes))
    return f"| {number} | {fact.fact} | {fact.source} | {here} | {tests} |"


def _links(outcomes: Mapping[str, bool]) -> Iterator[str]:
    for test, well in sorted(outcomes.items()):
        path, _, name = test.partition("::")
        words = re.sub("^test_", "", name).replace("_s_", "'s_").replace("_", " ")
        yield f"[{words}](../{path})" + ("" if well else " **failed**")
