"""What can be set of a running cloud by name: where Alibaba Cloud differs, or is slower than this.

    set_switch(cloud, "oss.accepts_v1", "true")

Each is an attribute of the cloud, and can be set as one: `cloud.oss.accepts_v1 = True`.
"""

import math
from collections.abc import Mapping
from operator import attrgetter
from typing import NamedTuple

from .cloud import LocalCloud


class Switch(NamedTuple):
    """What a switch is about; `strict` is how it is on a bad day of an account, if that differs."""

    about: str
    strict: str = ""


SWITCHES: Mapping[str, Switch] = {
    "spreading.looks": Switch("how many looks of other services miss what was just made", "3"),
    "log.lateness.new": Switch("how many requests do not see a new project or log store", "3"),
    "log.lateness.deleted": Switch("how many requests still see a deleted one", "3"),
    "config.lag.reads": Switch("how many reads miss a new rule, or still see a deleted one", "3"),
    "config.evaluates_after": Switch("seconds (of cloud time) until rules are evaluated", "600"),
    "mns.batches_need_their_own": Switch("whether batches have RAM actions of their own", "true"),
    "mns.tells_counts": Switch("whether a queue tells how many messages it holds", "false"),
    "oss.block_new_buckets": Switch("whether Block Public Access is on in a new bucket", "true"),
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
}


def set_switch(cloud: LocalCloud, name: str, value: str) -> None:
    """Set a switch; raises ValueError for one that there is not, or for a value of another kind."""
    if name not in SWITCHES:
        raise ValueError(f"there is no switch {name!r}; there are {', '.join(SWITCHES)}")
    path, _, attribute = name.rpartition(".")
    part = attrgetter(path)(cloud)
    setattr(part, attribute, _read(name, value, getattr(part, attribute)))


def be_strict(cloud: LocalCloud) -> None:
    """Set every switch to what asks most of a client."""
    for name, switch in SWITCHES.items():
        if switch.strict:
            set_switch(cloud, name, switch.strict)


def _read(name: str, value: str, now: bool | float) -> bool | float:
    """`value` as what the switch holds now is."""
    try:
        if isinstance(now, bool):
            return {"true": True, "false": False}[value.lower()]
        if not 0 <= float(value) < math.inf:
            raise ValueError  # of no number of reads or seconds
        return type(now)(value)
    except (KeyError, ValueError):
        kind = "true or false" if isinstance(now, bool) else f"a value such as {now}"
        raise ValueError(f"{name} is {kind}, not {value!r}") from None
