"""Buckets that are public on purpose: a ceiling on how open each may be, and until when.

The build reads `exemptions.yaml`, checks it with `parse` and ships the result as JSON (`dump`), so
that the function needs no YAML; `load` reads that back, as strictly.
"""

import json
import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

from resource_repair import naming
from resource_repair.openness import OPENNESS, PRIVATE, PUBLIC_READ
from resource_repair.remediations import ACL, REMEDIATIONS

COMPILED = Path(__file__).with_name("exemptions.json")  # put there by the build
LONGEST = timedelta(days=400)
FEWEST_LITERALS = 6  # a shorter glob would exempt half a company by a slip

OF_ACCESS = (ACL, "public-write", "policy")
_REQUIRED = ("bucket", "reason", "owner", "expires")
_GLOB = re.compile(r"[a-z0-9*?-]{1,63}", re.ASCII)
_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})", re.ASCII)


class ExemptionsError(ValueError):
    """The exemptions cannot be trusted; its text says which entry and why."""


class Exemption(NamedTuple):
    """Buckets, by name or glob (`*`, `?`), that may be as open as `allow` until `expires` ends.

    With `of` it is from these remediations, and no other; without, from those of public access.
    """

    bucket: str
    reason: str
    owner: str
    expires: date
    allow: str = PUBLIC_READ
    of: Tuple[str, ...] = ()

    @property
    def remediations(self) -> Tuple[str, ...]:
        """Those that it is from."""
        return self.of or OF_ACCESS

    def is_from(self, remediation: str) -> bool:
        """Whether it is from that one."""
        return remediation in self.remediations

    def covers(self, bucket: str, today: date, remediation: str = ACL) -> bool:
        """Whether it is from that of this bucket and still holds; `today` is the date in UTC."""
        if not self.is_from(remediation):
            return False
        return today <= self.expires and matches(self.bucket, bucket)

    def __str__(self) -> str:
        return f"{self.reason} ({self.owner}, until {self.expires.isoformat()})"


class Exemptions(NamedTuple):
    """All exemptions, as checked."""

    entries: Tuple[Exemption, ...] = ()

    def for_bucket(self, bucket: str, today: date, remediation: str = ACL) -> Optional[Exemption]:
        """The exemption that allows the most, of those that cover the bucket today; or None."""
        covering = [entry for entry in self.entries if entry.covers(bucket, today, remediation)]
        return max(covering, key=lambda entry: OPENNESS[entry.allow], default=None)


def parse(entries: Any, today: Optional[date] = None) -> Exemptions:
    """Check a list of entries, as YAML or JSON gives them; raises ExemptionsError.

    With `today`, an entry that expires more than `LONGEST` after it is refused too: that is for the
    build, since what was right then stays right.
    """
    if not isinstance(entries, list):
        raise ExemptionsError("exemptions must be a list of entries")
    return Exemptions(
        tuple(_entry(entry, f"exemption {n}", today) for n, entry in enumerate(entries, 1))
    )


def dump(exemptions: Exemptions) -> str:
    """The exemptions as the JSON that `load` reads."""
    entries = [
        dict(fields(entry), expires=entry.expires.isoformat()) for entry in exemptions.entries
    ]
    return json.dumps({"exemptions": entries}, indent=1, sort_keys=True) + "\n"


def fields(entry: Exemption) -> Dict[str, Any]:
    """An entry as `parse` takes it; what is not said stays unsaid, which earlier versions read."""
    told = dict(entry._asdict())
    of = told.pop("of")
    return dict(told, **{"for": list(of)}) if of else told


def load(path: Path) -> Exemptions:
    """Read what `dump` wrote; raises ExemptionsError for anything else, a missing file too."""
    try:
        compiled = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ExemptionsError(f"cannot be read ({type(error).__name__})") from None
    if not isinstance(compiled, dict) or set(compiled) != {"exemptions"}:
        raise ExemptionsError("not a compiled exemptions file")
    return parse(compiled["exemptions"])


def _entry(entry: Any, where: str, today: Optional[date]) -> Exemption:
    if not isinstance(entry, dict):
        raise ExemptionsError(f"{where}: must have the keys {', '.join(_REQUIRED)}")
    unknown = sorted(str(key) for key in entry if key not in (*_REQUIRED, "allow", "for"))
    if unknown:
        raise ExemptionsError(f"{where}: unknown key {unknown[0]}")
    bucket = _bucket(_text(entry, "bucket", where), where)
    expires = _date(entry.get("expires"), where)
    if today is not None and expires > today + LONGEST:
        raise ExemptionsError(f"{where}: expires more than {LONGEST.days} days ahead")
    allow = entry.get("allow", PUBLIC_READ)
    if not isinstance(allow, str) or allow not in OPENNESS or allow == PRIVATE:
        raise ExemptionsError(f"{where}: allow must be public-read or public-read-write")
    of = _of(entry, where)
    if of and not set(of) & set(OF_ACCESS) and "allow" in entry and allow != PUBLIC_READ:
        raise ExemptionsError(f"{where}: allow is of public access, which for does not name")
    texts = (_text(entry, "reason", where), _text(entry, "owner", where))
    return Exemption(bucket, *texts, expires, allow, of)


def _of(entry: Dict[str, Any], where: str) -> Tuple[str, ...]:
    """The remediations that it is from; none where it does not say."""
    if "for" not in entry:
        return ()
    names: List[Any] = entry["for"] if isinstance(entry["for"], list) else []
    if not names or not all(isinstance(name, str) and name in REMEDIATIONS for name in names):
        raise ExemptionsError(f"{where}: for must be a list of {', '.join(REMEDIATIONS)}")
    return tuple(names)


def _text(entry: Dict[str, Any], key: str, where: str) -> str:
    value = entry.get(key)
    if isinstance(value, (bool, int, float, date)):  # a bucket 123456, an owner no
        raise ExemptionsError(
            f"{where}: {key} must be a text, and YAML reads {value}: put it in quotes"
        )
    if not isinstance(value, str) or not value.strip():
        raise ExemptionsError(f"{where}: {key} must be a text that says something")
    return value.strip()


def _bucket(text: str, where: str) -> str:
    literals = [character for character in text if character not in "*?"]
    if len(literals) == len(text):
        if not naming.is_bucket_name(text):
            raise ExemptionsError(f"{where}: {text!r} is no bucket name")
    elif not _GLOB.fullmatch(text):
        raise ExemptionsError(f"{where}: {text!r} can match no bucket name")
    elif len(literals) < FEWEST_LITERALS:
        raise ExemptionsError(
            f"{where}: the glob {text!r} must have at least {FEWEST_LITERALS} literal characters"
        )
    return text


def _date(value: Any, where: str) -> date:
    match = _DATE.fullmatch(str(value))  # YAML gives a date, JSON its text: both read the same
    try:
        if match:
            year, month, day = match.groups()
            return date(int(year), int(month), int(day))
    except ValueError:
        pass
    raise ExemptionsError(f"{where}: expires must be a date such as 2026-12-31")


def matches(glob: str, name: str) -> bool:
    """Whether the glob matches the whole name, in time that grows with their lengths alone.

    A regular expression would go back over every star in turn; it is enough to go back to the last.
    """
    at = in_name = 0
    star, resume = -1, 0
    while in_name < len(name):
        if at < len(glob) and glob[at] == "*":
            star, resume = at, in_name
            at += 1
        elif at < len(glob) and glob[at] in ("?", name[in_name]):
            at += 1
            in_name += 1
        elif star >= 0:
            resume += 1
            at, in_name = star + 1, resume
        else:
            return False
    return not glob[at:].strip("*")
