"""What a report of all non-compliant buckets leads to: which the function closes, and which not."""

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from resource_repair.exemptions import Exemptions
from resource_repair.openness import PRIVATE
from scripts.account.findings import IGNORED, NON_COMPLIANT, Result
from scripts.account.live_exemptions import allows
from scripts.errors import UsageError
from scripts.words import count


class Prospect(NamedTuple):
    """The non-compliant buckets, by what the function does when they are reported.

    `to_close` are closed in mode enforce; `private` are so by their ACL, and open by policy or
    otherwise, which no repair changes; `exempt` are left as open as they are; `ignored` are Cloud
    Config's own exemptions, which it does not report.
    """

    to_close: tuple[Result, ...] = ()
    private: tuple[Result, ...] = ()
    exempt: tuple[Result, ...] = ()
    ignored: tuple[Result, ...] = ()


def sort(found: Iterable[Result], exemptions: Exemptions, today: date) -> Prospect:
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
    return Prospect(tuple(to_close), tuple(private), tuple(exempt), tuple(ignored))


def counted(number: int) -> str:
    """So many buckets, in words."""
    return count(number, "bucket")


def left_alone(exempt: int, ignored: int) -> str:
    """So many are left as open as they are, in words."""
    are = "is" if exempt + ignored == 1 else "are"
    return f"{exempt} exempt and {ignored} ignored in Cloud Config {are} left alone"


def check_expected(expected: int | None, closes: int, told: str = "") -> None:
    """Raise UsageError where another number of buckets than that will be closed; None is any.

    `told` says what else than that would be done.
    """
    if expected not in (None, closes):
        was = "was" if expected == 1 else "were"
        raise UsageError(
            f"{told or f'{counted(closes)} would be closed'}, and {expected} {was} expected: "
            "nothing was started; look at them with --dry-run"
        )
