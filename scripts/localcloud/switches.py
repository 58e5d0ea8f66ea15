"""What can be set of a running cloud by name: where Alibaba Cloud differs, or is slower than this.

    set_switch(cloud, "oss.accepts_v1", "true")

Each is an attribute of the cloud, and can be set as one: `cloud.oss.accepts_v1 = True`.
"""

import json
import math
from collections.abc import Callable, Mapping
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, get_args

from .config.rules import Elsewhere, RuleTests

if TYPE_CHECKING:  # which imports this
    from .cloud import LocalCloud

RULE_TESTS, ELSEWHERE = get_args(RuleTests), get_args(Elsewhere)
SITES = ("", "cn-shanghai", "ap-southeast-1")


class Switch(NamedTuple):
    """What a switch is about; `strict` is how it is on a bad day of an account, if that differs.

    `choices` are the words that it can be set to, where it is one of several.
    """

    about: str
    strict: str = ""
    choices: tuple[str, ...] = ()


SWITCHES: Mapping[str, Switch] = {
    "spreading.looks": Switch("how many looks of other services miss what was just made", "3"),
    "log.lateness.new": Switch("how many requests do not see a new project or log store", "3"),
    "log.lateness.deleted": Switch("how many requests still see a deleted one", "3"),
    "config.lag.reads": Switch("how many reads miss a new rule, or still see a deleted one", "3"),
    "config.evaluates_after": Switch("seconds (of cloud time) until rules are evaluated", "600"),
    "config.rule_tests": Switch("what a rule on public reading tests", "", RULE_TESTS),
    "config.publishes_base64": Switch("whether what Cloud Config publishes is base64"),
    "config.site": Switch("which Cloud Config alone serves the account, if one", "", SITES),
    "config.elsewhere": Switch("how the other one answers then", "", ELSEWHERE),
    "mns.batches_need_their_own": Switch("whether batches have RAM actions of their own", "true"),
    "mns.tells_counts": Switch("whether a queue tells how many messages it holds", "false"),
    "oss.block_new_buckets": Switch("whether Block Public Access is on in a new bucket", "true"),
    "oss.put_acl_needs_put_bucket": Switch("whether PutBucketAcl that makes one needs it", "true"),
    "oss.policy_status_heeds_block": Switch("whether IsPublic is false where it is blocked"),
    "oss.accepts_v1": Switch("whether signatures of version 1 pass"),
    "oss.info_anywhere": Switch("whether GetBucketInfo is answered in every region"),
    "oss.put_acl_conflicts": Switch("whether a refused PutBucketAcl is 409 BucketAlreadyExists"),
    "oss.explains_denials": Switch("whether a refusal by RAM names the action", "false"),
    "oss.most_buckets": Switch("how many buckets the account can have in a region"),
    "fc.triggers.can_change": Switch("whether a trigger of a topic can be changed in 3.0", "false"),
    "fc.resources.runs_3_0_in_services": Switch(
        "whether functions of services (2.0) have runtimes that are 3.0's alone", "false"
    ),
    "fc.max_instances": Switch("how many functions run at once, before 429"),
    "fc.retries_keep_id": Switch("whether a retry has the request id of the first run"),
}


def set_switch(cloud: "LocalCloud", name: str, value: str) -> None:
    """Set a switch; raises ValueError for one that there is not, or for a value of another kind."""
    if name not in SWITCHES:
        raise ValueError(f"there is no switch {name!r}; there are {', '.join(SWITCHES)}")
    path, _, attribute = name.rpartition(".")
    part = attrgetter(path)(cloud)
    setattr(part, attribute, _read(name, value, getattr(part, attribute)))


def answer_as(cloud: "LocalCloud", probed: Path) -> list[str]:
    """Set the switches as a file says that was probed of an account; gives which were set.

    It is JSON: `schema` is 1, and `questions` has an object for each question, by the names in
    PROBED, whose `answer` is null where it was not asked. Raises OSError, and ValueError for what
    is no such file.
    """
    try:
        told = json.loads(probed.read_text("utf-8"))
        schema = told["schema"]
        answers = {key: each["answer"] for key, each in told["questions"].items()}
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"{probed} is no file of a probe: {error!r}") from error
    if schema != _SCHEMA:
        raise ValueError(f"{probed} has schema {schema}, and {_SCHEMA} is known here")
    found = [
        (name, value)
        for key, read in PROBED.items()
        if answers.get(key) is not None
        for name, value in read(answers[key]).items()
    ]
    for name, value in found:
        set_switch(cloud, name, value)
    return [name for name, _ in found]


def _as_told(name: str) -> Callable[[Any], Mapping[str, str]]:
    return lambda answer: {name: str(answer)}


def _sites(answer: Mapping[str, str]) -> Mapping[str, str]:
    """By region how the recorder stands, or the code of a refusal."""
    on = [region for region, told in answer.items() if told in ("REGISTERED", "BUILDING")]
    off = "REGISTRABLE" in answer.values()
    return {
        "config.site": "".join(on) if len(on) == 1 else "",
        "config.elsewhere": "off" if off else "refuses",
    }


_SCHEMA = 1
PROBED: Mapping[str, Callable[[Any], Mapping[str, str]]] = {
    "block_on_new_bucket": _as_told("oss.block_new_buckets"),
    "info_anywhere": _as_told("oss.info_anywhere"),
    "policy_status_under_block": lambda told: {"oss.policy_status_heeds_block": str(not told)},
    "put_acl_needs_put_bucket": _as_told("oss.put_acl_needs_put_bucket"),
    "rule_tests": _as_told("config.rule_tests"),
    "cloud_config_body": lambda told: {"config.publishes_base64": str(told == "base64")},
    "config_sites": _sites,
    "retry_keeps_request_id": _as_told("fc.retries_keep_id"),
}
"""How a question's answer is read, as switches and their values."""


def be_strict(cloud: "LocalCloud") -> None:
    """Set every switch to what asks most of a client."""
    for name, switch in SWITCHES.items():
        if switch.strict:
            set_switch(cloud, name, switch.strict)


def _read(name: str, value: str, now: bool | float | str) -> bool | float | str:
    """`value` as what the switch holds now is."""
    if isinstance(now, str):
        if value not in SWITCHES[name].choices:
            raise ValueError(f"{name} is one of {SWITCHES[name].choices}, not {value!r}")
        return value
    try:
        if isinstance(now, bool):
            return {"true": True, "false": False}[value.lower()]
        if not 0 <= float(value) < math.inf:
            raise ValueError  # of no number of reads or seconds
        return type(now)(value)
    except (KeyError, ValueError):
        kind = "true or false" if isinstance(now, bool) else f"a value such as {now}"
        raise ValueError(f"{name} is {kind}, not {value!r}") from None
