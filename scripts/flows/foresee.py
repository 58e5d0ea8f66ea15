"""Reads on what it depends which buckets the function closes, once Cloud Config reports them all.

Cloud Config mostly tells the ACL that it found. Where it does not, as of a bucket that is public by
its policy, the bucket itself is asked: no repair closes one whose ACL is private already.
"""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from functools import partial
from typing import Any, NamedTuple, cast

from resource_repair.errors import RefusedError
from resource_repair.exemptions import Exemption, Exemptions
from resource_repair.oss import BucketState
from resource_repair.remediations import named
from resource_repair.remediations.frame import Aim
from resource_repair.settings import BLOCK, Assignment, Settings, Ways
from resource_repair.values import ENFORCE, REPAIRED
from scripts.account import findings
from scripts.account.buckets import GET_INFO, GET_POLICY, GET_TAGS, NO_SUCH_BUCKET, Bucket
from scripts.account.clients import Clients
from scripts.account.findings import LIST_OF_RULE, NON_COMPLIANT, Result
from scripts.account.live_exemptions import LiveExemptions, allows
from scripts.account.permission import union
from scripts.account.rule import RuleFound
from scripts.decide.deploy_effect import enforces
from scripts.decide.prospect import Prospect, sort
from scripts.decide.remedied import expected, newly_enforced
from scripts.declared import Spec
from scripts.errors import CloudError
from scripts.flows import foretold
from scripts.patience import tallied

PERMISSIONS = (
    LIST_OF_RULE,
    GET_INFO,
    GET_TAGS,  # where exemptTag is set
)

BY_WAYS = union(PERMISSIONS, foretold.PERMISSIONS)
"""The same with other ways of closing than the ACL."""

OF_CHANGES = (*BY_WAYS, GET_POLICY)
"""What it takes to see what further remediations change: a policy is read for that of policies."""

_AT_ONCE = 8  # buckets that are asked at a time


def foresee_by_ways(
    spec: Spec, clients: Clients, exempting: LiveExemptions, ways: Ways | None
) -> Prospect:
    """The same where the function closes by other ways, too: what it writes to is closed.

    What it leaves as it is, such as one that is blocked already, is with the private ones.
    """
    found = foresee(spec, clients, exempting)
    if ways is None:
        return found
    reported = (*found.to_close, *found.private)

    def writes(result: Result) -> bool:
        bucket = Bucket(clients, result.bucket, result.region)
        return bool(foretold.writes(bucket, exempting, ways))

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        answers = list(tallied(pool.map(writes, reported), "buckets looked at", len(reported)))
    told = list(zip(reported, answers, strict=True))
    return found._replace(
        to_close=tuple(each for each, so in told if so),
        private=tuple(each for each, so in told if not so),
    )


def foresee(spec: Spec, clients: Clients, exempting: LiveExemptions) -> Prospect:
    """Read the results, and the ACLs and tags on which it depends, and sort them.

    A bucket of which that shows that it is gone is none of them. Raises CloudError.
    """
    found = findings.read(spec, clients)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        with_acls = tallied(
            pool.map(partial(_with_acl, clients), found), "buckets looked at", len(found)
        )
        there = [result for result in with_acls if result]
        sorted_out = sort(there, exempting.exemptions, exempting.today)
        if exempting.tag is None:
            return sorted_out
        exempt = pool.map(partial(_is_exempt, clients, exempting), sorted_out.to_close)
        asked = list(tallied(exempt, "buckets' tags read", len(sorted_out.to_close)))
    answers = list(zip(sorted_out.to_close, asked, strict=True))
    return sorted_out._replace(
        to_close=tuple(result for result, exempt in answers if exempt is False),
        exempt=(*sorted_out.exempt, *(result for result, exempt in answers if exempt)),
    )


def foresee_changes(
    spec: Spec,
    clients: Clients,
    functions: tuple[Settings, Settings | None],
    rules: Iterable[RuleFound],
    exempting: tuple[LiveExemptions, LiveExemptions | None],
) -> tuple[tuple[str, tuple[Result, ...] | None], ...]:
    """What each further remediation newly changes by a deploy; None where that is not known.

    It is not while a rule of it evaluates, is switched off, or is yet to be made: once it is at
    work it reports what nobody has counted. `rules` are all of the account. Settings and exemptions
    are those that the deploy brings, and the live ones, each None where there are none to be read.
    Raises CloudError.
    """
    (ours, live), (after, before) = functions, exempting
    states = {each.id: each.state for each in rules}
    newly = newly_enforced(ours, live)
    told: list[tuple[str, tuple[Result, ...] | None]] = []
    for given in ours.others or ():
        if given.mode != ENFORCE or (given not in newly and before == after):
            continue
        found = None
        if given not in newly:
            found = _no_longer_exempt(spec, clients, given, before, after)
        elif all(states.get(each) == findings.ACTIVE for each in given.rule_ids):
            found = _changed(spec, clients, given, sorted(given.rule_ids), after)
        told.append((given.remediation, found))
    return tuple(told)


def _no_longer_exempt(
    spec: Spec,
    clients: Clients,
    given: Assignment,
    before: LiveExemptions | None,
    after: LiveExemptions,
) -> tuple[Result, ...]:
    """What one changes that enforces already, and left alone as it was exempt by what is live.

    One that its exemption names in full is none of it: that is dropped by its name.
    """

    def is_new(result: Result) -> bool:
        bucket = Bucket(clients, result.bucket, result.region)
        state = bucket.state_for(named(given.remediation))
        if before is None or state is None:
            return state is not None
        end, by = forecast(given, bucket, state, before)
        by_name = by in before.exemptions.entries and by and by.bucket == result.bucket
        return end != REPAIRED and not by_name

    found = _changed(spec, clients, given, sorted(given.rule_ids), after)
    return tuple(each for each in found if is_new(each))


def forecast(
    given: Assignment, bucket: Bucket, there: BucketState, exempting: LiveExemptions
) -> tuple[str, Exemption | None]:
    """What a remediation makes of a bucket that is like that, and which exemption it goes by.

    Raises CloudError where its tags, if they count, cannot be read; RefusedError as the function.
    """
    does, case = named(given.remediation), exempting.case(bucket.name)
    aim = does.wanted(case, there, None, False)
    if aim is None:
        learnt = does.learn(case, cast("Any", bucket))
        aim = cast("Aim", does.wanted(case, there, learnt, False))
    return expected(does, there, aim, given.mode), aim.exemption


class Blocking(NamedTuple):
    """By what a function tells which buckets it blocks by Block Public Access."""

    ways: Ways
    exempting: LiveExemptions


def blocking(read: Settings, held: Exemptions, today: date) -> Blocking | None:
    """The same of one with these settings and exemptions; None where it blocks none."""
    if read.ways is None or not enforces(read):
        return None
    return Blocking(read.ways, LiveExemptions(held, read.exempt_tag, today))


def foresee_blocks(
    spec: Spec, clients: Clients, ours: Blocking, live: Blocking | None
) -> tuple[Result, ...]:
    """Which buckets ours blocks by Block Public Access, and live does not. Raises likewise."""
    found = [each for each in findings.read(spec, clients) if each.compliance == NON_COMPLIANT]

    def newly(result: Result) -> bool:
        there = Bucket(clients, result.bucket, result.region)
        now = BLOCK in foretold.writes(there, ours.exempting, ours.ways)
        return now and not (live and BLOCK in foretold.writes(there, live.exempting, live.ways))

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        answers = list(tallied(pool.map(newly, found), "buckets looked at", len(found)))
    return tuple(each for each, so in zip(found, answers, strict=True) if so)


def _changed(
    spec: Spec,
    clients: Clients,
    given: Assignment,
    ids: Sequence[str],
    exempting: LiveExemptions,
) -> tuple[Result, ...]:
    """What a remediation changes of what these rules have found.

    A bucket whose state is in no known form is none of it: the function leaves it alone.
    """
    found = findings.read(spec, clients, ids)
    does = named(given.remediation)
    reported = [each for each in found if each.compliance == NON_COMPLIANT]

    def changed(result: Result) -> bool:
        bucket = Bucket(clients, result.bucket, result.region)
        try:
            state = bucket.state_for(does)
            if state is None:
                return False
            return forecast(given, bucket, state, exempting)[0] == REPAIRED
        except RefusedError:
            return False
        except CloudError as error:
            if error.code == NO_SUCH_BUCKET:  # deleted since its state was read
                return False
            raise

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        answers = list(tallied(pool.map(changed, reported), "buckets looked at", len(reported)))
    return tuple(each for each, so in zip(reported, answers, strict=True) if so)


def _with_acl(clients: Clients, result: Result) -> Result | None:
    """The result with its bucket's ACL, if that matters; None if the bucket is gone."""
    if result.acl or result.compliance != NON_COMPLIANT:
        return result
    info = Bucket(clients, result.bucket, result.region).info_if_there()
    return info and result._replace(acl=info.acl)


def _is_exempt(clients: Clients, exempting: LiveExemptions, result: Result) -> bool | None:
    """Whether it is, by its tags; None if the bucket is gone: Cloud Config still lists it then."""
    bucket = Bucket(clients, result.bucket, result.region)
    try:
        return allows(exempting.of(bucket), result.acl)
    except CloudError as error:
        if error.code == NO_SUCH_BUCKET:
            return None
        raise
