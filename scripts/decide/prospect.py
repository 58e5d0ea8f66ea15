"""What a report of all non-compliant buckets leads to: which the function closes, and which not.

Cloud Config mostly tells the ACL that it found. Where it does not, as of a bucket that is public by
its policy, the bucket itself is asked: no repair closes one whose ACL is private already.
"""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from functools import partial
from typing import NamedTuple

from resource_repair.exemptions import Exemptions
from resource_repair.openness import PRIVATE
from scripts.account import buckets, findings
from scripts.account.buckets import Bucket
from scripts.account.clients import Clients
from scripts.account.findings import IGNORED, NON_COMPLIANT, Result
from scripts.account.live_exemptions import LiveExemptions, allows
from scripts.declared import Spec
from scripts.errors import UsageError
from scripts.patience import patiently

PERMISSIONS = (
    findings.LIST_OF_RULE,
    buckets.GET_INFO,
    buckets.GET_TAGS,  # where exemptTag is set
)

_AT_ONCE = 8  # buckets that are asked at a time


class Findings(NamedTuple):
    """The non-compliant buckets, by what the function does when they are reported.

    `to_close` are closed in mode enforce; `private` are so by their ACL, and open by policy or
    otherwise, which no repair changes; `exempt` are left as open as they are; `ignored` are Cloud
    Config's own exemptions, which it does not report.
    """

    to_close: tuple[Result, ...] = ()
    private: tuple[Result, ...] = ()
    exempt: tuple[Result, ...] = ()
    ignored: tuple[Result, ...] = ()


def read(spec: Spec, clients: Clients, exempting: LiveExemptions) -> Findings:
    """Read the results, and the ACLs and tags on which it depends, and sort them.

    A bucket of which that shows that it is gone is none of them. Raises CloudError.
    """
    found = findings.read(spec, clients)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        with_acls = pool.map(partial(_with_acl, clients), found)
        there = [result for result in with_acls if result]
        sorted_out = sort(there, exempting.exemptions, exempting.today)
        if exempting.tag is None:
            return sorted_out
        asked = list(pool.map(partial(_is_exempt, clients, exempting), sorted_out.to_close))
    answers = list(zip(sorted_out.to_close, asked, strict=True))
    return sorted_out._replace(
        to_close=tuple(result for result, exempt in answers if not exempt),
        exempt=(*sorted_out.exempt, *(result for result, exempt in answers if exempt)),
    )


def sort(found: Iterable[Result], exemptions: Exemptions, today: date) -> Findings:
    """Sort results as the function would; an ACL that is not told is taken for the worst."""
    to_close, private, exempt, ignored = [], [], [], []
    for result in found:
        if result.compliance == IGNORED:
            ignored.append(result)
        elif result.compliance != NON_COMPLIANT:
            continue
        elif allows(exemptions.for_bucket(result.bucket, today), result.acl):
            exempt.append(result)
        elif result.acl == PRIVATE:
            private.append(result)
        else:
            to_close.append(result)
    return Findings(tuple(to_close), tuple(private), tuple(exempt), tuple(ignored))


def counted(number: int) -> str:
    """So many buckets, in words."""
    return "1 bucket" if number == 1 else f"{number} buckets"


def check_expected(expected: int | None, closes: int) -> None:
    """Raise UsageError where another number of buckets than that will be closed; None is any."""
    if expected not in (None, closes):
        raise UsageError(
            f"{counted(closes)} would be closed, and {expected} were expected: nothing was "
            "started; look at them with --dry-run"
        )


def _with_acl(clients: Clients, result: Result) -> Result | None:
    """The result with its bucket's ACL, if that matters; None if the bucket is gone."""
    if result.acl or result.compliance != NON_COMPLIANT:
        return result
    info = patiently(Bucket(clients, result.bucket, result.region).info_if_there)
    return info and result._replace(acl=info.acl)


def _is_exempt(clients: Clients, exempting: LiveExemptions, result: Result) -> bool:
    bucket = Bucket(clients, result.bucket, result.region)
    return allows(exempting.of(bucket), result.acl)
