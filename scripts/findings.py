"""What a report of all non-compliant buckets leads to: which the function closes, and which not.

Cloud Config mostly tells the ACL that it found. Where it does not, as of a bucket that is public by
its policy, the bucket itself is asked: no repair closes one whose ACL is private already.
"""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import NamedTuple

from resource_repair.exemptions import Exemptions
from resource_repair.openness import OPENNESS, PRIVATE, PUBLIC_READ_WRITE
from scripts import buckets, bundle, results
from scripts.clients import Clients
from scripts.errors import Problem
from scripts.results import IGNORED, NON_COMPLIANT, Result
from scripts.retrying import patiently
from scripts.spec import Spec

PERMISSIONS = (results.LIST_OF_RULE, buckets.GET_INFO)

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


def read(spec: Spec, clients: Clients, exemptions: Exemptions, today: date) -> Findings:
    """Read the results, and the ACLs that they do not tell, and sort them.

    A bucket of which that shows that it is gone is none of them. Raises CloudError.
    """
    found = results.read(spec, clients)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        with_acls = list(pool.map(lambda result: _with_acl(clients, result), found))
    return sort([result for result in with_acls if result], exemptions, today)


def sort(found: Iterable[Result], exemptions: Exemptions, today: date) -> Findings:
    """Sort results as the function would; an ACL that is not told is taken for the worst."""
    to_close, private, exempt, ignored = [], [], [], []
    for result in found:
        if result.compliance == IGNORED:
            ignored.append(result)
        elif result.compliance != NON_COMPLIANT:
            continue
        elif _is_exempt(result, exemptions, today):
            exempt.append(result)
        elif result.acl == PRIVATE:
            private.append(result)
        else:
            to_close.append(result)
    return Findings(tuple(to_close), tuple(private), tuple(exempt), tuple(ignored))


def reviewed_exemptions(path: Path, today: date) -> Exemptions:
    """The exemptions that people review; raises Problem if they cannot be read."""
    try:
        return bundle.read_exemptions(path, today)
    except bundle.BundleError as error:
        raise Problem(f"{error}: correct it") from None


def _with_acl(clients: Clients, result: Result) -> Result | None:
    """The result with its bucket's ACL, if that matters; None if the bucket is gone."""
    if result.acl or result.compliance != NON_COMPLIANT:
        return result
    bucket = buckets.Bucket(clients, result.bucket, result.region)
    info = patiently(bucket.info_if_there)
    return info and result._replace(acl=info.acl)


def _is_exempt(result: Result, exemptions: Exemptions, today: date) -> bool:
    """Whether its bucket is no more open than it may be."""
    exemption = exemptions.for_bucket(result.bucket, today)
    openness = OPENNESS.get(result.acl, OPENNESS[PUBLIC_READ_WRITE])
    return exemption is not None and openness <= OPENNESS[exemption.allow]
