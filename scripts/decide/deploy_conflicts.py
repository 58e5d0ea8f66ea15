"""What a deploy would overrule on the live function, a pause and exemptions; and what it may not
bring there.

Both are set on the function itself when there is no time for a review; a deploy brings back what
is declared, and would undo them without a word.
"""

from collections.abc import Collection, Mapping
from datetime import date

from resource_repair.exemptions import Exemption, Exemptions
from scripts.account.deployed_function import Pause
from scripts.account.live_exemptions import allows
from scripts.declared import Spec
from scripts.declared.wide_globs import why_too_wide

EXPECT_DROP = "EXPECT_DROP"
"""The setting that names exemptions to be dropped on purpose, as they name buckets, by commas."""


def ended_pause(pause: Pause | None, spec: Spec) -> Pause | None:
    """That pause if a deploy of the spec would end it; None if all goes on in mode report."""
    return None if spec.only_reports else pause


def dropped(live: Exemptions, ours: Exemptions, today: date) -> list[Exemption]:
    """The live exemptions that hold today, and that ours do not give for as much and as long."""
    return [
        each
        for each in live.entries
        if today <= each.expires and not any(_keeps(own, each) for own in ours.entries)
    ]


def unexpected(lost: Collection[Exemption], settings: Mapping[str, str]) -> list[Exemption]:
    """Those of them that nobody said are to be dropped."""
    expected = {each.strip() for each in settings.get(EXPECT_DROP, "").split(",")}
    return [each for each in lost if each.bucket not in expected]


def told_pause(pause: Pause, name: str) -> str:
    """Why a deploy stops, in words."""
    return f"{name} is {pause}, and a deploy would end that"


def told_exemption(lost: Exemption) -> str:
    """Likewise."""
    return (
        f"the live code exempts {lost.bucket} ({lost.allow} until {lost.expires}: {lost.reason}, "
        f"{lost.owner}), and a deploy would drop that"
    )


def mend_exemption(lost: Exemption) -> str:
    """What lets the deploy go on."""
    return (
        "commit it to code/exemptions.yaml (git pull, if somebody has); or, to drop it on purpose, "
        f"set {EXPECT_DROP}={lost.bucket}"
    )


def too_wide(ours: Exemptions, live: Exemptions, today: date) -> list[Exemption]:
    """Ours that hold today, are too wide for new ones, and are new to the live code.

    Old is what it gives for as much and as long: so no upgrade closes what is exempt.
    """
    return [each for each in dropped(ours, live, today) if why_too_wide(each)]


def told_too_wide(new: Exemption) -> str:
    """Why a deploy stops, in words."""
    return (
        f"the exemption {new.bucket} ({new.allow} until {new.expires}) is new to the live code, "
        f"and refused, since {why_too_wide(new)}"
    )


MEND_TOO_WIDE = "name the buckets one by one, or narrow the glob, in code/exemptions.yaml"


def _keeps(ours: Exemption, live: Exemption) -> bool:
    enough = allows(ours, live.allow) and ours.expires >= live.expires
    # A glob is kept by the same glob alone: which buckets another one leaves out is not known.
    is_glob = set(live.bucket) & set("*?")
    same = ours.bucket == live.bucket
    all_of_them = (
        ours.is_from(each)
        and (same or (not is_glob and ours.covers(live.bucket, live.expires, each)))
        for each in live.remediations
    )
    return enough and all(all_of_them)
