"""Reads what a deploy has further remediations, and Block Public Access, newly change."""

from collections.abc import Callable, Sequence
from datetime import date

from resource_repair.exemptions import Exemptions
from resource_repair.settings import BLOCK, Settings
from scripts.account import findings
from scripts.account.clients import Clients
from scripts.account.findings import Result
from scripts.account.live_exemptions import LiveExemptions
from scripts.account.rule import RuleFound
from scripts.decide.chain.buckets import declared_settings
from scripts.decide.deploy_effect import enforces
from scripts.decide.remedied import newly_enforced
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
    newly = newly_enforced(ours, live)
    blocks = ours.ways is not None and enforces(ours)
    if not (newly or blocks):
        return ()
    brings = exemptions()
    exempting = LiveExemptions(brings, ours.exempt_tag, today)
    told = foresee_changes(spec, clients, newly, rules, exempting)
    ending = held() if blocks and live and live.rule_ids >= ours.rule_ids else None
    before = blocking(live, ending, today) if live and ending is not None else None
    after = blocking(ours, brings, today)
    if after is None or after == before:
        return told
    states = {each.id: each.state for each in rules}
    known = all(states.get(each) == findings.ACTIVE for each in ours.rule_ids)
    return (*told, (BLOCK, foresee_blocks(spec, clients, after, before) if known else None))
