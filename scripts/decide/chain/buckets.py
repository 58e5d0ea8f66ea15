"""The buckets at the end of the chain: how many are closed when it begins to enforce."""

from collections.abc import Iterator

from resource_repair import settings
from resource_repair.exemptions import Exemptions
from resource_repair.settings import Settings
from resource_repair.values import ENFORCE
from scripts.account import deployed_function, findings
from scripts.account.live_exemptions import LiveExemptions
from scripts.decide import prospect
from scripts.decide.chain.facts import Chain
from scripts.decide.chain.model import PROVISION, Link, Remark, Standing, fault, sound, undeployed
from scripts.declared import rule_ids
from scripts.declared.exemptions import reviewed_exemptions
from scripts.declared.rule_ids import RULE_ID

EXPECT = "EXPECT_CLOSE"

_UNASKED = 20  # so many buckets may be closed without that number being given
_NAMED = 20


def begins_to_enforce(chain: Chain) -> bool:
    """Whether a deploy closes buckets that what is live leaves alone; raises CloudError."""
    declared = settings.load(chain.spec.function.environment)
    if not _enforces(declared):
        return False
    there = chain.live
    # Findings of a rule that it does not wait for it leaves alone, whatever its mode.
    waited_for = there.settings.rule_ids if there and _enforces(there.settings) else frozenset()
    return not waited_for.issuperset(declared.rule_ids)


def closing(chain: Chain, exemptions: Exemptions) -> Remark:
    """What a deploy closes that begins to enforce; a fault where it must not go on like that.

    `exemptions` are those that it deploys. Raises CloudError.
    """
    if not _rules_are_there(chain):
        return _UNKNOWN
    if _evaluating(chain):
        return fault(
            "how many will be closed once this is deployed is not known: the rule is just "
            "evaluating them",
            "wait until it is ACTIVE, and run again",
        )
    found = _read(chain, exemptions)
    names = [result.bucket for result in found.to_close]
    return _told(chain, names) if names else sound(_counted(found))


def _read(chain: Chain, exemptions: Exemptions) -> prospect.Findings:
    """What is found now, by the exemptions given and the tag of s.yaml."""
    tag = settings.load(chain.spec.function.environment).exempt_tag
    exempting = LiveExemptions(exemptions, tag, chain.today)
    return prospect.read(chain.spec, chain.clients, exempting)


def _examine(chain: Chain) -> Iterator[Remark]:
    if not _rules_are_there(chain):
        yield _UNKNOWN
        return
    there = chain.live
    if there and there.settings.problems:
        yield undeployed(
            f"none is closed, since the settings of {chain.spec.function.name} are wrong: "
            f"{'; '.join(there.settings.problems)}"
        )
    exemptions = reviewed_exemptions(chain.exemptions, chain.today)
    if begins_to_enforce(chain):
        yield closing(chain, exemptions)
    else:
        found = _read(chain, exemptions)
        yield sound(_counted(found))


_UNKNOWN = Remark(
    Standing.UNSEEN,
    "the rule is not known by its id, so its results are not",
    f"{PROVISION}, or correct {RULE_ID} in .env",
)


def _rules_are_there(chain: Chain) -> bool:
    known = {rule.id for rule in chain.rules}
    return not rule_ids.problem(",".join(chain.rule_ids)) and known.issuperset(chain.rule_ids)


def _evaluating(chain: Chain) -> bool:
    """Whether results are still to come, as after a rule was made."""
    waited_for = [rule for rule in chain.rules if rule.id in chain.rule_ids]
    return any(rule.state == findings.EVALUATING for rule in waited_for)


def _enforces(read: Settings) -> bool:
    """Whether a function that reads these settings closes buckets: a misconfigured one does not."""
    return not read.problems and read.mode == ENFORCE


def _counted(found: prospect.Findings) -> str:
    private = f", private by their ACL alone: {len(found.private)}" if found.private else ""
    return (
        f"non-compliant and not exempt: {len(found.to_close)}, exempt: {len(found.exempt)}{private}"
    )


def _told(chain: Chain, names: list[str]) -> Remark:
    count, expected = len(names), chain.settings.get(EXPECT, "")
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
        "resource-repair status shows them all; exempt those that must stay open, and set "
        f"{EXPECT}={count}",
    )


BUCKETS = Link(
    "buckets",
    (findings.LIST_RULES, *prospect.PERMISSIONS, deployed_function.GET),
    _examine,
)
