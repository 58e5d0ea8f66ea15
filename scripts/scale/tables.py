"""The tables of docs/scale.md, from the limits, the prices, the inputs and the simulation."""

import math
from collections.abc import Callable, Sequence

from scripts.scale import day, lines
from scripts.scale.burst import Burst, Course, course
from scripts.scale.day import DAY, MONTH, Cost
from scripts.scale.facts import FREE, LIMITS, PRICES, Fact, limit
from scripts.scale.inputs import ORIGINS, Inputs, platform

Table = tuple[Sequence[str], Sequence[Sequence[str]]]

_A_DAY = (10, 10_000, 1_000_000)
_BURSTS = (1_000, 10_000, 100_000)
_QUOTAS = (100, 300)
_RATES = (500, 2_000, 20_000)  # findings a second
_LITERAL, _SPREAD = 0.0, 0.5  # of each wait of a refused start, added or taken away
_WARM = (0.05, 0.1, 0.2, 0.5, 1.0)
_COURSE = (
    "half settled",
    "nine of ten",
    "the last",
    "kept, failed",
    "kept, never run",
    "refused starts",
)
_CENT, _TEN, _KILO = 0.01, 10, 1024


def limits(_given: Inputs) -> Table:
    """What is allowed."""
    rows = [[each.what, _value(each), *_source(each)] for each in LIMITS]
    return ("limit", "", "page", "of", ""), rows


def prices(_given: Inputs) -> Table:
    """What is asked for it, and what is free."""
    rows = [[each.what, _value(each), *_source(each)] for each in PRICES]
    rows += [[f"free each month: {each.what}", _value(each), *_source(each)] for each in FREE]
    return ("item", "", "page", "of", ""), rows


def assumptions(given: Inputs) -> Table:
    """What is neither documented nor declared."""
    values = {"vcpu_per_gb": given.vcpu_per_gb, **given._asdict()}
    rows = [
        [f"`{each.name}`", each.what, f"{values[each.name]:g} {each.unit}".strip(), each.why]
        for each in ORIGINS
    ]
    return ("input", "", "taken as", "because"), rows


def audit_lines(_given: Inputs) -> Table:
    """How long an audit line is."""
    return ("outcome", "bytes"), [[f"`{name}`", str(size)] for name, size in lines.sizes().items()]


def meaning(_given: Inputs) -> Table:
    """What it takes for so many findings to be."""
    buckets = limit("buckets")
    rows = [
        [
            _count(findings),
            f"every {seconds(DAY / findings)}",
            f"every {seconds(DAY / findings * buckets)}",
            _count(math.ceil(findings / buckets)),
        ]
        for findings in _A_DAY
    ]
    titles = (
        "findings a day",
        "one comes",
        "in one account and region, each of its 100 buckets is reopened",
        "each bucket once a day: pairs of account and region",
    )
    return titles, rows


def needs(given: Inputs) -> Table:
    """What a day of so many findings needs."""
    days = _days(given)
    peak = limit("oss_rate")

    def row(what: str, cell: Callable[[day.Use], str]) -> list[str]:
        return [what, *(cell(each) for each in days)]

    rows = [
        row("findings a second", lambda use: _few(use.rate)),
        row("runs on a new instance", lambda use: _count(use.cold_starts)),
        row("instances busy, on average", lambda use: _few(use.busy)),
        row("instances enough 99.99% of the time", lambda use: str(use.enough)),
        row("the same, if all come within one hour", lambda use: str(use.in_an_hour)),
        row(
            "their memory, GB",
            lambda use: f"{use.in_an_hour * given.gigabytes:g}",
        ),
        row(
            "OSS requests a second within that hour",
            lambda use: _share((use.oss_put + use.oss_get) / 3600, peak),
        ),
        row(
            "messages a second within that hour",
            lambda use: _share(use.findings / 3600, limit("topic_rate_old")),
        ),
        row("log a day", lambda use: _size(use.logged)),
        row(
            f"log and index kept, after {given.log_days} days",
            lambda use: _size(use.logged * day.GROWN * given.log_days),
        ),
    ]
    return _day_titles("a day"), rows


def money(given: Inputs) -> Table:
    """What a month of such days costs, item by item, without what is free."""
    bills = [day.month(use, given) for use in _days(given)]
    rows = [[item[0].what, *(_cost(each) for each in item)] for item in zip(*bills, strict=True)]
    sums = [sum(each.usd or 0.0 for each in bill) for bill in bills]
    rows.append(["**of what is priced here**", *(f"**{_usd(each)}**" for each in sums)])
    return _day_titles(f"a month ({MONTH} days)"), rows


def capacity(given: Inputs) -> Table:
    """How much goes through, by how long a run takes; which limit comes first."""
    through_oss = limit("oss_rate") / given.requests
    rows = [
        [
            f"{warm:g} s",
            *(_count(round(instances / warm)) for instances in _QUOTAS),
            _count(round(through_oss * warm)),
            *(seconds(1_000_000 * warm / instances) for instances in _QUOTAS),
        ]
        for warm in _WARM
    ]
    titles = (
        "a warm run",
        *(f"findings a second, {instances} instances" for instances in _QUOTAS),
        f"instances at which OSS's {_count(limit('oss_rate'))} requests a second are reached",
        *(f"a million, no sooner than, {instances} instances" for instances in _QUOTAS),
    )
    return titles, rows


def bursts(given: Inputs) -> Table:
    """How bursts at the old rate of a topic end."""
    rate = limit("topic_rate_old")
    rows = []
    for findings in _BURSTS:
        for instances in _QUOTAS:
            for failures in (False, True):
                what = course(
                    Burst(findings, findings / rate),
                    platform(given, instances, failures=failures),
                )
                rows.append(
                    [
                        _count(findings),
                        str(instances),
                        "yes" if failures else "",
                        *_course(what),
                    ]
                )
    return ("findings", "instances", "failures", *_COURSE), rows


def herds(given: Inputs) -> Table:
    """How 10,000 findings end, by how fast they come and whether waits are spread."""
    findings = 10_000
    rows = []
    for rate in _RATES:
        for instances in _QUOTAS:
            for jitter in (_LITERAL, _SPREAD):
                what = course(
                    Burst(findings, findings / rate),
                    platform(given, instances, failures=False, jitter=jitter),
                )
                waits = f"± {jitter:.0%}" if jitter else "to the letter"
                rows.append([f"{_count(rate)}/s", str(instances), waits, *_course(what)])
    return ("they come at", "instances", "waits", *_COURSE), rows


def _course(what: Course) -> list[str]:
    return [
        seconds(what.half),
        seconds(what.nine_of_ten),
        seconds(what.last),
        _count(what.failed),
        _count(what.never_run),
        _count(what.refused),
    ]


# By the name of its place in docs/scale.md.
TABLES: dict[str, Callable[[Inputs], Table]] = {
    "meaning": meaning,
    "needs": needs,
    "money": money,
    "capacity": capacity,
    "bursts": bursts,
    "herds": herds,
    "audit lines": audit_lines,
    "limits": limits,
    "prices": prices,
    "assumptions": assumptions,
}


def one_course(what: Course) -> Table:
    """One burst, told like those of the page."""
    return (*_COURSE, "runs", "on a new instance"), [
        [*_course(what), _count(what.runs), _count(what.cold_starts)]
    ]


def one_bill(bill: Sequence[Cost]) -> Table:
    """One month, told like those of the page."""
    rows = [[each.what, _cost(each)] for each in bill]
    rows.append(["of what is priced here", _usd(sum(each.usd or 0.0 for each in bill))])
    return ("item", f"a month ({MONTH} days)"), rows


def line_bytes() -> int:
    """Bytes of the audit line of a repair, the longest of those that are settled."""
    return max(lines.sizes().values())


def seconds(span: float) -> str:
    """A span of time, as one says it."""
    _, one, unit, digits = next(each for each in _SPANS if span < each[0])
    return f"{span / one:.{digits}f} {unit}"


# Up to which span, in seconds, it is told in which unit, of how many seconds, with how many digits.
_SPANS = (
    (10, 1, "s", 1),
    (120, 1, "s", 0),
    (7200, 60, "min", 0),
    (3 * DAY, 3600, "h", 1),
    (math.inf, DAY, "days", 1),
)


def _days(given: Inputs) -> list[day.Use]:
    """The columns of a day: so many findings, and as many messages that are none of ours."""
    not_ours = given._replace(warm=given.ignored, requests=0)
    ours = [day.use(findings, given, line_bytes()) for findings in _A_DAY]
    return [*ours, day.use(_A_DAY[-1], not_ours, line_bytes())]


def _day_titles(of: str) -> tuple[str, ...]:
    return (of, *(_count(each) for each in _A_DAY), f"{_count(_A_DAY[-1])}, none of them ours")


def _value(fact: Fact) -> str:
    if fact.value is None:
        return "not found"
    amount = f"{fact.value:.6f}".rstrip("0").rstrip(".") if fact.value < 1 else _count(fact.value)
    return f"{amount} {fact.unit}".strip()


def _source(fact: Fact) -> list[str]:
    return [fact.page, fact.edition, fact.note]


def _cost(item: Cost) -> str:
    amount = f"{_amount(item.quantity)} {item.unit}".strip()
    if item.usd is not None:
        return f"{_usd(item.usd)} ({amount})"
    if item.free and item.quantity <= item.free:
        return f"within what is free ({amount})"
    return f"not priced ({amount})"


def _usd(amount: float) -> str:
    return "< 0.01 USD" if 0 < amount < _CENT else f"{amount:,.2f} USD"


def _share(amount: float, of: float) -> str:
    return f"{_few(amount)} ({amount / of:.1%} of {_count(of)})"


def _amount(number: float) -> str:
    return _count(number) if number == int(number) else _few(number)


def _few(number: float) -> str:
    """A number of which two digits say enough."""
    if 0 < number < _CENT:
        return "< 0.01"
    return f"{number:.2g}" if number < _TEN else _count(number)


def _count(number: float) -> str:
    return f"{number:,.0f}"


def _size(amount: float) -> str:
    for unit in ("bytes", "KB", "MB"):
        if amount < _KILO:
            return f"{amount:.3g} {unit}"
        amount /= _KILO
    return f"{amount:,.3g} GB"
