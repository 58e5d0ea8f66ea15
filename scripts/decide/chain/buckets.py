"""The buckets at the end of the chain: how many are closed when it begins to enforce."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from resource_repair import naming, settings
from resource_repair.settings import Settings
from resource_repair.values import ENFORCE
from scripts.account.findings import EVALUATING
from scripts.decide.chain.facts import Facts, known
from scripts.decide.chain.model import PROVISION, Link, Remark, Standing, fault, sound, undeployed
from scripts.decide.prospect import Prospect
from scripts.declared import rule_ids
from scripts.declared.rule_ids import RULE_ID

EXPECT = "EXPECT_CLOSE"

_UNASKED = 20  # so many buckets may be closed without that number being given
_NAMED = 20


def begins_to_enforce(facts: Facts) -> bool:
    """Whether a deploy closes buckets that what is live leaves alone; raises what reading did."""
    declared = settings.load(facts.spec.function.environment)
    if not _enforces(declared):
        return False
    there = known(facts.running)
    # Findings of a rule that it does not wait for it leaves alone, whatever its mode.
    waited_for = there.settings.rule_ids if there and _enforces(there.settings) else frozenset()
    return not waited_for.issuperset(declared.rule_ids)


def closing(facts: Facts) -> Remark:
    """What a deploy closes that begins to enforce; a fault where it must not go on like that.

    Raises what reading did.
    """
    if not rules_are_there(facts):
        return _UNKNOWN
    if evaluating(facts):
        return fault(
            "how many will be closed once this is deployed is not known: the rule is just "
            "evaluating them",
            "wait until it is ACTIVE, and run again",
        )._replace(deploy_stops=True)
    found = known(facts.found)
    names = [result.bucket for result in found.to_close]
    return _told(facts, names) if names else sound(_counted(found))


def _examine(facts: Facts) -> Iterator[Remark]:
    if not rules_are_there(facts):
        yield _UNKNOWN._replace(deploy_stops=begins_to_enforce(facts))
        return
    there = known(facts.running)
    if there and there.settings.problems:
        yield undeployed(
            f"none is closed, since the settings of {facts.spec.function.name} are wrong: "
            f"{'; '.join(there.settings.problems)}"
        )
    known(facts.exemptions)  # without them nothing is known
    yield closing(facts) if begins_to_enforce(facts) else sound(_counted(known(facts.found)))
    yield from _out_of_reach(facts)


def _out_of_reach(facts: Facts) -> Iterator[Remark]:
    """That one host is to serve buckets of all regions, where s.yaml gives it without {region}.

    Page "0002-00000226": a host takes what is signed for its own region alone.
    """
    endpoint = facts.spec.function.environment.get("ossEndpoint", settings.DEFAULT_ENDPOINT)
    if "{region}" in endpoint:
        return
    told = f"ossEndpoint in s.yaml is {endpoint}, which serves one region alone: "
    mend = "write it with {region}, as in https://oss-{region}.aliyuncs.com, in s.yaml, and deploy"
    home = naming.region_of_endpoint(urlsplit(endpoint).netloc)  # a private cloud's tells nothing
    open_ones = known(facts.found).to_close
    elsewhere = [each for each in open_ones if home and each.region != home]
    if not elsewhere:
        what = f"{told}repairs of buckets outside {home or 'its region'} would fail"
        yield Remark(Standing.SOUND, what, mend)
        return
    names = ", ".join(f"{each.bucket} ({each.region})" for each in elsewhere[:_NAMED])
    further = f" and {len(elsewhere) - _NAMED} more" if len(elsewhere) > _NAMED else ""
    what = f"{told}repairs fail of {names}{further}"
    yield Remark(Standing.FAULT, what, mend, deploy_goes_on=True)


_UNKNOWN = Remark(
    Standing.UNSEEN,
    "the rule is not known by its id, so its results are not",
    f"{PROVISION}, or correct {RULE_ID} in .env",
)


def rules_are_there(facts: Facts) -> bool:
    """Whether every rule that is waited for is known by its id; raises what reading did."""
    there = {rule.id for rule in known(facts.rules)}
    return not rule_ids.problem(",".join(facts.rule_ids)) and there.issuperset(facts.rule_ids)


def evaluating(facts: Facts) -> bool:
    """Whether results are still to come, as after a rule was made."""
    waited_for = [rule for rule in known(facts.rules) if rule.id in facts.rule_ids]
    return any(rule.state == EVALUATING for rule in waited_for)


def _enforces(read: Settings) -> bool:
    """Whether a function that reads these settings closes buckets: a misconfigured one does not."""
    return not read.problems and read.mode == ENFORCE


def _counted(found: Prospect) -> str:
    private = f", private by their ACL alone: {len(found.private)}" if found.private else ""
    return (
        f"non-compliant and not exempt: {len(found.to_close)}, exempt: {len(found.exempt)}{private}"
    )


def _told(facts: Facts, names: list[str]) -> Remark:
    count, expected = len(names), facts.settings.get(EXPECT, "")
    those = "bucket that is" if count == 1 else "buckets that are"
    further = f" and {count - _NAMED} more" if count > _NAMED else ""
    what = (
        f"{count} {those} non-compliant and not exempt will be closed once this is deployed, in "
        f"mode {ENFORCE}, and Cloud Config reports them: {', '.join(names[:_NAMED])}{further}"
    )
    if count <= _UNASKED or expected == str(count):
        return sound(what)
    return fault(
        f"{what}; {EXPECT} is {expected}" if expected else what,
        "resource-repair status --all shows them; exempt those that must stay open, and set "
        f"{EXPECT}={count}",
    )._replace(deploy_stops=True)


BUCKETS = Link("buckets", ("rules", "running", "exemptions", "found"), _examine)
