"""Reads what a deploy has further remediations, and Block Public Access, newly change."""

from collections.abc import Callable, Sequence
from datetime import date

from resource_repair.exemptions import Exemptions
from resource_repair.settings import BLOCK, Settings
from resource_repair.values import ENFORCE
from scripts.account import findings
from scripts.account.clients import Clients
from scripts.account.findings import Result
from scripts.account.live_exemptions import LiveExemptions
from scripts.account.rule import RuleFound
from scripts.decide.chain.buckets import declared_settings
from scripts.decide.deploy_effect import enforces
from scripts.declared import Spec
from scripts.flows.foresee import blocking, foresee_blocks, foresee_changes


def what_changes(
    spec: Spec,
    clients: Clients,
    live: Settings | None,
    exemptions: Callable[[], Exemptions],
    held: Callable[[], Exemptions | None],
    rules: Sequence[RuleFound],
    today: date,
) -> tuple[tuple[str, tuple[Result, ...] | None], ...]:
    """Of each what it newly changes, beside what is live; None where that is not known.

    `exemptions` gives those that a deploy brings, and `held` those of the live function, None where
    it cannot read them; each is asked for where it counts. `rules` are all of the account. What is
    blocked is not known while a rule of the ACL's evaluates, or is not at work. Raises CloudError.
    """
    ours = declared_settings(spec)
    blocks = ours.ways is not None and enforces(ours)
    if not blocks and all(each.mode != ENFORCE for each in ours.others or ()):
        return ()
    brings, ending = exemptions(), held() if live else None
    after = LiveExemptions(brings, ours.exempt_tag, today)
    before = None
    if live and ending is not None:
        before = LiveExemptions(ending, live.exempt_tag, today)
    told = foresee_changes(spec, clients, (ours, live), rules, (after, before))
    ways = blocking(ours, brings, today)
    held_by = None
    if live and before and live.rule_ids >= ours.rule_ids:
        held_by = blocking(live, before.exemptions, today)
    if ways is None or ways == held_by:
        return told
    states = {each.id: each.state for each in rules}
    known = all(states.get(each) == findings.ACTIVE for each in ours.rule_ids)
    return (*told, (BLOCK, foresee_blocks(spec, clients, ways, held_by) if known else None))
