"""The buckets at the end of the chain: how many are closed when it begins to enforce."""

from collections.abc import Iterator

from resource_repair.values import ENFORCE
from scripts import check_rule_id, results
from scripts.doctor.chain import Chain
from scripts.doctor.model import Link, Remark, Standing, fault, sound
from scripts.verb import Permission

EXPECT = "EXPECT_CLOSE"

_UNASKED = 20  # so many buckets may be closed without that number being given
_NAMED = 20


def _examine(chain: Chain) -> Iterator[Remark]:
    if not _rules_are_there(chain):
        yield Remark(Standing.UNSEEN, "the rule is not known by its id, so its results are not")
        return
    exemptions = results.reviewed_exemptions(chain.exemptions, chain.today)
    found = results.findings(results.read(chain.spec, chain.clients), exemptions, chain.today)
    names = [result.bucket for result in found.to_close]
    if _evaluating(chain) and _begins_to_enforce(chain):
        yield fault(
            "how many will be closed once this is deployed is not known: the rule is just "
            "evaluating them",
            "wait until it is ACTIVE, and run again",
        )
    elif names and _begins_to_enforce(chain):
        yield _told(chain, names)
    else:
        yield sound(f"{len(names)} are non-compliant and not exempt, {len(found.exempt)} exempt")


def _rules_are_there(chain: Chain) -> bool:
    known = {rule.id for rule in chain.rules}
    return not check_rule_id.problem(",".join(chain.rule_ids)) and known.issuperset(chain.rule_ids)


def _evaluating(chain: Chain) -> bool:
    """Whether results are still to come, as after a rule was made."""
    waited_for = [rule for rule in chain.rules if rule.id in chain.rule_ids]
    return any(rule.state == results.EVALUATING for rule in waited_for)


def _begins_to_enforce(chain: Chain) -> bool:
    """Whether what is live does not enforce each of the rules yet, and a deploy will."""
    declared = chain.spec.function.environment.get("repairMode", ENFORCE)
    live = chain.function
    if declared != ENFORCE or live is None:
        return declared == ENFORCE
    mode = live.get("environmentVariables.repairMode", ENFORCE)
    # Findings of a rule that it does not wait for it leaves alone, whatever its mode.
    waits_for = live.get("environmentVariables.prepareRuleId", "").split(",")
    return mode != ENFORCE or not {each.strip() for each in waits_for}.issuperset(chain.rule_ids)


def _told(chain: Chain, names: list[str]) -> Remark:
    count, expected = len(names), chain.settings.get(EXPECT, "")
    further = f" and {count - _NAMED} more" if count > _NAMED else ""
    what = (
        f"{count} buckets that are non-compliant and not exempt will be closed once this is "
        f"deployed, in mode {ENFORCE}, and they are reported: {', '.join(names[:_NAMED])}{further}"
    )
    if count <= _UNASKED or expected == str(count):
        return sound(what)
    return fault(
        f"{what}; {EXPECT} is {expected}" if expected else what,
        f"make status shows them all; exempt those that must stay open, and set {EXPECT}={count}",
    )


BUCKETS = Link(
    "buckets",
    (
        results.LIST_RULES,
        results.LIST_OF_RULE,
        Permission("fc:GetFunction", "acs:fc:{region}:{account}:*"),
    ),
    _examine,
)
