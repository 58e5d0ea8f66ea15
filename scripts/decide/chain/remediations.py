"""The further remediations: whether each has its rule, and what a deploy has it newly change."""

from collections.abc import Iterator, Mapping

from resource_repair.remediations import ACL, REMEDIATIONS, named
from resource_repair.settings import BLOCK, Assignment
from resource_repair.values import ENFORCE
from scripts.account.inventory import RuleFound
from scripts.account.rule import name_of
from scripts.decide.chain.buckets import Changed, declared_settings, listed
from scripts.decide.chain.facts import Facts, known
from scripts.decide.chain.model import PROVISION, Link, Remark, fault, note, sound
from scripts.decide.deploy_effect import enforces, expect
from scripts.decide.prospect import counted
from scripts.declared.rule_ids import unmade, variable

_BY_BLOCK = "blocked by Block Public Access"
MAKES_NO_RULE = (
    "the rule of {name} is not at work, and once it is it reports all that it finds to {function}, "
    "which changes them: give {name} the mode report in s.yaml, deploy, and run again"
)


def changes(facts: Facts) -> Iterator[Changed]:
    """What a deploy has them newly change, each with its number; raises what reading did."""
    for name, found in known(facts.changing):
        if found is None:
            yield Changed(_uncounted(facts, name))
        elif found:
            count, setting = len(found), expect(name)
            by = _BY_BLOCK if name == BLOCK else f"changed by {name}"
            what = (
                f"{counted(count)} will be {by} once this is deployed, in mode "
                f"{ENFORCE}, and Cloud Config reports them: {listed(found)}; it may break: "
                f"{_breaks(name)}"
            )
            given = facts.settings.get(setting, "")
            if given == str(count):
                yield Changed(sound(what))
                continue
            mend = f"see what it would do in mode report; to change all of them set {setting}="
            told = fault(f"{what}; {setting} is {given}" if given else what, f"{mend}{count}")
            yield Changed(told._replace(deploy_stops=True), setting, count)


def _breaks(name: str) -> str:
    return named(ACL if name == BLOCK else name).breaks


def _uncounted(facts: Facts, name: str) -> Remark:
    if name == BLOCK:
        what = (
            "how many will be blocked is not known: a rule of prepareRuleId is unknown, switched "
            "off, or just evaluating them"
        )
        mend = f"{PROVISION}; wait until it is ACTIVE, and run again"
        return fault(what, mend)._replace(deploy_stops=True)
    there = {rule.id: rule for rule in known(facts.rules)}
    given = next(each for each in facts.spec.remediations if each.remediation == name)
    why, mend = "its rule is just evaluating them", "wait until it is ACTIVE, and run again"
    idle = [each for each in sorted(given.rule_ids) if each not in there or not there[each].at_work]
    if idle:
        is_so = there[idle[0]].state if idle[0] in there else "not there"
        why, mend = f"its rule is {is_so}", f"{PROVISION}, or take {idle[0]} out of s.yaml"
        mend = PROVISION if unmade(idle) or idle[0] in there else mend
        mend = f"{mend}; wait until it is ACTIVE, and run again"
    what = f"how many {name} will change is not known: {why}"
    return fault(what, mend)._replace(deploy_stops=True)


def _examine(facts: Facts) -> Iterator[Remark]:
    there = {rule.id: rule for rule in known(facts.rules)}
    told = [remark for each in facts.spec.remediations for remark in _about(facts, each, there)]
    told += _ways(facts)
    told += [each.remark for each in changes(facts)]
    told += _left(facts, there)
    yield from told or [sound("none but the ACL's is on")]


def _ways(facts: Facts) -> Iterator[Remark]:
    """What closes beside the ACL, if anything does."""
    ours, role = declared_settings(facts.spec), facts.spec.service.role
    if ours.ways is None:
        return
    if enforces(ours) and not role.provisioned:
        yield _wide("Block Public Access", role.name)
        return
    policy = BLOCK if ours.ways.policy else "tell"
    said = f"close is {ours.ways.close}, and policyPublic {policy}, in mode {ours.mode}"
    yield sound(f"{said}; it may break: {_breaks(BLOCK)}")


def _wide(name: str, role: str) -> Remark:
    return fault(
        f"{name} is to enforce as {role}, a role that may do far more than it needs",
        f"set role: *leastPrivilege in s.yaml, {PROVISION}, and deploy",
    )


def _about(facts: Facts, given: Assignment, there: Mapping[str, RuleFound]) -> Iterator[Remark]:
    name, role = given.remediation, facts.spec.service.role
    wrong = [
        remark for each in sorted(given.rule_ids) for remark in _rule(facts, name, each, there)
    ]
    if given.mode == ENFORCE and not role.provisioned:
        wrong.append(_wide(name, role.name))
    on = f"{name} is in mode {given.mode}, for {', '.join(sorted(given.rule_ids))}"
    yield from wrong or [sound(f"{on}; it may break: {named(name).breaks}")]


def _rule(
    facts: Facts, name: str, rule_id: str, there: Mapping[str, RuleFound]
) -> Iterator[Remark]:
    """What is wrong with one of its rules."""
    rule, fitting, running = there.get(rule_id), named(name).rules, known(facts.running)
    mend = f"{PROVISION}, which makes it and writes {variable(name)} to .env"
    if running and enforces(running.settings, name):
        mend = f"give {name} the mode report in s.yaml, deploy, then {PROVISION}"
    if rule is None:
        of = "" if unmade([rule_id]) else f" {rule_id} in this account"
        yield fault(f"{name} has no rule{of}", mend)
    elif rule.source not in fitting:
        yield fault(
            f"{name} has {rule_id}: {rule.name} is an instance of {rule.source}, and not of "
            f"{' or '.join(fitting)}",
            "give it another one in remediations of s.yaml",
        )
    elif not rule.at_work:
        yield fault(f"{name} has {rule.name}, which is {rule.state}, and evaluates nothing", mend)


def _left(facts: Facts, there: Mapping[str, RuleFound]) -> list[Remark]:
    """Our rules that nobody goes by: their findings come, and are ignored as another rule's."""
    on = {each.remediation: each.rule_ids for each in facts.spec.remediations}
    ours = {name_of(name): name for name in REMEDIATIONS if name != ACL}
    return [
        note(
            f"{ours[rule.name]} {'goes by another rule' if ours[rule.name] in on else 'is off'}, "
            f"and its rule {rule.name} is at work",
            f"delete {rule.name} in the Cloud Config console, or give it back to {ours[rule.name]}",
        )
        for rule in there.values()
        if rule.name in ours and rule.marked and rule.at_work
        if rule.id not in on.get(ours[rule.name], ())
    ]


FURTHER = Link("remediations", ("rules", "running", "changing"), _examine)
