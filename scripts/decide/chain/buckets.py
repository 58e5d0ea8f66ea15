"""The buckets at the end of the chain: which a deploy newly closes, or newly leaves open."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

from resource_repair import naming, settings
from resource_repair.exemptions import Exemptions
from resource_repair.settings import Settings
from resource_repair.values import ENFORCE
from scripts.account.endpoints import oss_name
from scripts.account.findings import EVALUATING, Result
from scripts.decide import deploy_effect
from scripts.decide.chain.facts import Facts, known
from scripts.decide.chain.model import (
    PROVISION,
    Link,
    Remark,
    Standing,
    fault,
    sound,
    stopping,
    undeployed,
)
from scripts.decide.deploy_effect import EXPECT_CLOSE, EXPECT_LEAVE_OPEN, Effect, enforces
from scripts.decide.prospect import Prospect, counted
from scripts.declared import Spec, rule_ids
from scripts.declared.rule_ids import RULE_ID
from scripts.errors import CloudError, Problem
from scripts.words import few


class Changed(NamedTuple):
    """What is said of it; where a number must be given for it, its setting and that number."""

    remark: Remark
    setting: str = ""
    number: int = 0


def begins_to_enforce(facts: Facts) -> bool:
    """Whether a deploy closes buckets that what is live leaves alone; raises what reading did."""
    declared = declared_settings(facts.spec)
    if not enforces(declared):
        return False
    there = known(facts.running)
    # Findings of a rule that it does not wait for it leaves alone, whatever its mode.
    waited_for = there.settings.rule_ids if there and enforces(there.settings) else frozenset()
    return not waited_for.issuperset(declared.rule_ids)


def judges_alike(facts: Facts) -> bool:
    """Whether what is deployed makes of every finding what is live does; raises what reading did.

    Without a look at any finding, as where a deploy changes nothing but the memory.
    """
    there = known(facts.running)
    if there is None or _by_what(there.settings) != _by_what(declared_settings(facts.spec)):
        return False
    return live_exemptions(facts) == known(facts.exemptions)


def changes(facts: Facts) -> Iterator[Changed]:
    """What a deploy newly closes and newly leaves open, as far as there is any of it.

    Raises what reading did.
    """
    begins = begins_to_enforce(facts)
    if not rules_are_there(facts):
        yield Changed(_UNKNOWN._replace(deploy_stops=begins))
        return
    if begins and evaluating(facts):
        yield Changed(_EVALUATING)
        return
    changed = effect(facts)
    if changed.closes:
        yield _told_closing(facts, changed, begins=begins)
    if changed.leaves:
        yield _told_leaving(facts, changed)


def effect(facts: Facts) -> Effect:
    """Both, as values; raises likewise."""
    there = known(facts.running)
    live = there.settings if there and live_exemptions(facts) is not None else None
    ours = declared_settings(facts.spec)
    return deploy_effect.effect(live, known(facts.held), ours, known(facts.found))


def live_exemptions(facts: Facts) -> Exemptions | None:
    """Those of the live code; None where nobody can read them, with which it closes nothing.

    Raises CloudError where they could not be asked for.
    """
    held = facts.live_exemptions
    if isinstance(held, Problem) and not isinstance(held, CloudError):
        return None
    return known(held)


def declared_settings(spec: Spec) -> Settings:
    """The settings that a deploy brings, as the function reads them."""
    return settings.load(spec.function.environment)


def _examine(facts: Facts) -> Iterator[Remark]:
    if not rules_are_there(facts):
        yield _UNKNOWN._replace(deploy_stops=begins_to_enforce(facts))
        return
    there = known(facts.running)
    if there and there.settings.problems:
        yield undeployed(
            f"none is closed, since the settings of {facts.spec.function_in_cloud} are wrong: "
            f"{'; '.join(there.settings.problems)}"
        )
    known(facts.exemptions)  # without them nothing is known
    told = [each.remark for each in changes(facts)]
    yield from told or [sound(_counted(known(facts.found)))]
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
    elsewhere = [each for each in open_ones if home and oss_name(each.region) != home]
    if not elsewhere:
        what = f"{told}repairs of buckets outside {home or 'its region'} would fail"
        yield Remark(Standing.SOUND, what, mend)
        return
    names = few([f"{each.bucket} ({each.region})" for each in elsewhere])
    what = f"{told}repairs fail of {names}"
    yield Remark(Standing.FAULT, what, mend, deploy_goes_on=True)


_UNKNOWN = Remark(
    Standing.UNSEEN,
    "the rule is not known by its id, so its results are not",
    f"{PROVISION}, or correct {RULE_ID} in .env",
)


_EVALUATING = fault(
    "how many will be closed once this is deployed is not known: the rule is just evaluating them",
    "wait until it is ACTIVE, and run again",
)._replace(deploy_stops=True)


def rules_are_there(facts: Facts) -> bool:
    """Whether every rule that is waited for is known by its id; raises what reading did."""
    there = {rule.id for rule in known(facts.rules)}
    return not rule_ids.problem(",".join(facts.rule_ids)) and there.issuperset(facts.rule_ids)


def evaluating(facts: Facts) -> bool:
    """Whether results are still to come, as after a rule was made."""
    waited_for = [rule for rule in known(facts.rules) if rule.id in facts.rule_ids]
    return any(rule.state == EVALUATING for rule in waited_for)


def idle(facts: Facts) -> Remark | None:
    """That a rule is switched off, where this begins to enforce: what it found is not what it will.

    The doctor has a link of its own for that.
    """
    if not begins_to_enforce(facts):
        return None
    off = [each for each in known(facts.rules) if each.id in facts.rule_ids and not each.at_work]
    if not off:
        return None
    what = f"how many will be closed once this is deployed is not known: {off[0].name} is "
    return fault(f"{what}{off[0].state}", f"{PROVISION}, and run again")._replace(deploy_stops=True)


def _by_what(read: Settings) -> tuple[object, ...]:
    """By what a function that reads these settings tells which bucket it closes."""
    return enforces(read), read.rule_ids, read.exempt_tag


def _counted(found: Prospect) -> str:
    private = f", private by their ACL alone: {len(found.private)}" if found.private else ""
    return (
        f"non-compliant and not exempt: {len(found.to_close)}, exempt: {len(found.exempt)}{private}"
    )


def _told_closing(facts: Facts, changed: Effect, *, begins: bool) -> Changed:
    count = len(changed.closes)
    them = "it" if count == 1 else "them"
    if begins:
        those = "bucket that is" if count == 1 else "buckets that are"
        what = (
            f"{count} {those} non-compliant and not exempt will be closed once this is deployed, "
            f"in mode {ENFORCE}, and Cloud Config reports {them}: {listed(changed.closes)}"
        )
    else:
        what = (
            f"{counted(count)} that the live function leaves open will be closed once this is "
            f"deployed, and Cloud Config reports {them}: {listed(changed.closes)}"
        )
    if begins and changed.on_purpose:
        what += f"; exempt until now: {listed(changed.on_purpose)}"
    live = live_exemptions(facts) or Exemptions()
    if not deploy_effect.closing_wants(changed, live, facts.settings):
        return Changed(sound(what))
    mend = (
        "resource-repair status --all shows them; exempt those that must stay open, each of which "
        f"makes the number one less; to close all of them set {EXPECT_CLOSE}={count}"
    )
    stops = fault if begins else stopping
    told = stops(_with_given(facts, what, EXPECT_CLOSE), mend)._replace(deploy_stops=True)
    return Changed(told, EXPECT_CLOSE, count)


def _told_leaving(facts: Facts, changed: Effect) -> Changed:
    count, ours = len(changed.leaves), declared_settings(facts.spec)
    what = (
        f"{counted(count)} that the live function closes will be left open once this is deployed: "
        f"{listed(changed.leaves)}"
    )
    if not enforces(ours):  # which is said in so many words, and how a fire is put out
        return Changed(sound(f"{what}, as nothing is closed then"))
    if not deploy_effect.leaving_wants(changed, known(facts.exemptions), facts.settings):
        return Changed(sound(what))
    mend = (
        "exempt by their names those that are to stay open, and narrow what exempts the others; "
        f"or set {EXPECT_LEAVE_OPEN}={count}"
    )
    told = stopping(_with_given(facts, what, EXPECT_LEAVE_OPEN), mend)
    return Changed(told, EXPECT_LEAVE_OPEN, count)


def _with_given(facts: Facts, what: str, name: str) -> str:
    given = facts.settings.get(name, "")
    return f"{what}; {name} is {given}" if given else what


def listed(results: Sequence[Result]) -> str:
    """Their buckets, by name, as far as there is room."""
    return few([each.bucket for each in results])


BUCKETS = Link(
    "buckets",
    ("rules", "running", "exemptions", "live_exemptions", "found", "held"),
    _examine,
)
