"""What a further remediation makes of a bucket, and what undoes that, by what code/ declares."""

from typing import Any

from resource_repair.bucket_policy import Statement, dump, parse
from resource_repair.errors import RefusedError
from resource_repair.exemptions import Exemptions
from resource_repair.oss import BucketState
from resource_repair.remediations.frame import Aim, Case, Remediation
from resource_repair.settings import Assignment, Settings
from resource_repair.timing import Clock
from resource_repair.values import COMPLIANT, ENFORCE, EXEMPT, REPAIRED, WOULD_REPAIR
from scripts.decide.deploy_effect import enforces


def expected(does: Remediation, there: BucketState, aim: Aim, mode: str) -> str:
    """What it makes of a bucket that is like that, and is to be as `aim` says."""
    if not does.met(there, aim):
        return REPAIRED if mode == ENFORCE else WOULD_REPAIR
    return EXEMPT if aim.exemption else COMPLIANT


def newly_enforced(ours: Settings, live: Settings | None) -> tuple[Assignment, ...]:
    """Those that ours has in mode enforce, and live has not for all of the same rules.

    `live` is None where nothing is deployed.
    """
    held = {
        each.remediation: each.rule_ids
        for each in (live.others or () if live else ())
        if live and enforces(live, each.remediation)
    }
    return tuple(
        each
        for each in ours.others or ()
        if each.mode == ENFORCE and not held.get(each.remediation, frozenset()) >= each.rule_ids
    )


def bringing_back(
    does: Remediation, there: BucketState, before: str, after: str
) -> tuple[str, str]:
    """The operation of OSS, and its value, that undoes what it did to a bucket that is like that.

    `before` and `after` are those of its audit line. Empty where that is undone. Raises
    RefusedError where what it made is not there any more, so that there is nothing of it to undo.
    """
    if does.whole:
        text = _undone(there.policy, before, after, _added(does, there))
        if text is None:
            return "", ""
        return (does.undo(before)[0], text) if text else ("DeleteBucketPolicy", "")
    now = does.state(there)
    if now == before:
        return "", ""
    if now != after:
        raise RefusedError(
            f"it is {now} by now, and {does.name} made it {after}: somebody else has changed it"
        )
    return does.undo(before)


def brought_back(there: BucketState, operation: str, value: str) -> BucketState:
    """The bucket as that operation leaves it."""
    changed: dict[str, dict[str, Any]] = {
        "PutBucketAcl": {"acl": value},
        "DeleteBucketEncryption": {"encryption": "None"},
        "PutBucketPolicy": {"policy": value},
        "DeleteBucketPolicy": {"policy": ""},
        "": {},
    }
    return there._replace(**changed[operation])


def _added(does: Remediation, there: BucketState) -> list[Statement]:
    """What it adds to a policy: what it puts into an empty one."""
    empty = there._replace(policy="")
    nobody = Case(there.name, Exemptions(), None, Clock(), {})  # is exempt
    aim = does.wanted(nobody, empty, None, False)
    return [] if aim is None or does.met(empty, aim) else list(parse(aim.value)["Statement"])


def _undone(policy: str | None, before: str, after: str, added: list[Statement]) -> str | None:
    """A policy with what was taken out of it among what is there, each once, and without what was
    added; empty where that leaves nothing, None where all of that is so.

    What is in `after` besides is what somebody else put in at the same time: that stays.
    """
    document = parse(policy)
    there = document["Statement"]
    was, became = (parse(f'{{"Statement":{each}}}')["Statement"] for each in (before, after))
    ours = [each for each in added if each in became and each not in was]
    left = [each for each in there if each not in ours]
    left += [each for n, each in enumerate(was) if each not in became + there + was[:n]]
    if left == there:
        return None
    return dump({"Version": "1", **document, "Statement": left}) if left else ""
