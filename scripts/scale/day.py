"""What so many findings a day use and cost, in steady state: formulas, nothing simulated."""

import math
from typing import NamedTuple

from scripts.scale.facts import free, price
from scripts.scale.inputs import Inputs

DAY = 86_400.0  # seconds
MONTH = 30  # days
_GB = 1024.0**3
_SURE = 0.9999  # of the time, that there are instances enough

# Log Service keeps a line compressed, and its words in an index that is as large as the line (the
# example of page "Billing examples"): so much of what was logged.
GROWN = 0.2 + 1.0
_DAYS_IN_PRICE = 3  # for which the price of a GB logged has it kept


class Use(NamedTuple):
    """What a day needs, each finding a message, at any time of the day."""

    findings: int
    rate: float  # findings a second
    runs: float
    cold_starts: int
    seconds: float  # billed
    busy: float  # instances, on average
    enough: int  # instances, nearly always
    in_an_hour: int  # the same if all of the day's come within one hour
    oss_put: float  # requests, and so on
    oss_get: float
    mns: float
    kept: float  # findings in the failure queue
    logged: float  # bytes


class Cost(NamedTuple):
    """An item of the bill of a month: how much of it, what is free, and USD without what is free.

    `usd` is None where the price is not known.
    """

    name: str
    what: str
    quantity: float
    unit: str
    free: float
    usd: float | None


def use(findings: int, given: Inputs, line: int, *, failures: bool = False) -> Use:
    """What `findings` a day use; an audit line has `line` bytes."""
    runs = findings * runs_each(given, failures=failures)
    rate = findings / DAY
    enough = instances(runs / DAY * given.warm)
    cold_starts = min(math.ceil(runs), _lonely(runs, given.idle) + enough)
    lines = line + given.around_line
    lines += given.platform_lines * (given.platform_line + given.around_line)
    return Use(
        findings=findings,
        rate=rate,
        runs=runs,
        cold_starts=cold_starts,
        seconds=cold_starts * given.cold + (runs - cold_starts) * given.warm,
        busy=runs / DAY * given.warm,
        enough=enough,
        in_an_hour=instances(runs / 3600 * given.warm),
        oss_put=runs * min(1, given.requests),
        oss_get=runs * max(0, given.requests - 1),
        mns=findings * 2.0 + _kept(findings, given, failures=failures),
        kept=_kept(findings, given, failures=failures),
        logged=runs * lines,
    )


def month(day: Use, given: Inputs) -> list[Cost]:
    """The bill of thirty such days, item by item, for the one topic and the one queue."""
    units = MONTH * compute_units(day.runs, day.seconds, given.vcpu, given.gigabytes)
    logged = MONTH * day.logged / _GB
    stored = GROWN * day.logged / _GB * (given.log_days - _DAYS_IN_PRICE)
    return [
        Cost("cu", "Function Compute", units, "CU", 0.0, usd(units)),
        Cost("topic", "MNS topic", MONTH, "days", 0.0, MONTH * price("topic")),
        Cost("queue", "MNS failure queue", MONTH, "days", 0.0, MONTH * price("queue")),
        Cost("mns", "MNS requests", MONTH * day.mns, "", free("mns"), None),
        Cost("oss_put", "OSS PUT requests", MONTH * day.oss_put, "", free("oss_put"), None),
        Cost("oss_get", "OSS GET requests", MONTH * day.oss_get, "", free("oss_get"), None),
        Cost("logs", "Log Service", logged, "GB", free("logs"), logged * price("logs")),
        Cost("stored", "log kept longer, after a year", max(0.0, stored), "GB", 0.0, None),
    ]


def compute_units(runs: float, seconds: float, vcpu: float, gigabytes: float) -> float:
    """Function Compute's unit of account (page "Pay-as-you-go"), the default disk being free."""
    of_time = seconds * (vcpu * price("cu_vcpu") + gigabytes * price("cu_memory"))
    return runs / 10_000 * price("cu_runs") + of_time


def usd(units: float) -> float:
    """What so many compute units cost in a month: the more, the less for each further one."""
    first, second = 100e6, 500e6
    cost = min(units, first) * price("cu")
    cost += max(0.0, min(units, second) - first) * price("cu_2")
    return cost + max(0.0, units - second) * price("cu_3")


def runs_each(given: Inputs, *, failures: bool) -> float:
    """Runs of a finding on average, its retries included."""
    if not failures:
        return 1.0
    by_chance = sum(given.failing**failed for failed in range(given.retries + 1))
    return given.hopeless * (given.retries + 1) + (1 - given.hopeless) * by_chance


def instances(busy: float) -> int:
    """How many are enough nearly always where `busy` are on average, runs coming by chance.

    The number of runs under way is then Poisson's, whatever their length.
    """
    return _normal(busy) if busy > _MANY else _poisson(busy)


def _kept(findings: int, given: Inputs, *, failures: bool) -> float:
    if not failures:
        return 0.0
    by_chance = (1 - given.hopeless) * given.failing ** (given.retries + 1)
    return findings * (given.hopeless + by_chance)


def _lonely(runs: float, idle: float) -> int:
    """How many runs of a day come so long after the one before that no instance is left."""
    return math.ceil(runs * math.exp(-idle * runs / DAY))


_MANY = 500.0  # beyond which e to the minus that is too small to count with
_QUANTILE = 3.719  # of the normal distribution, for _SURE


def _poisson(mean: float) -> int:
    count, chance = 0, math.exp(-mean)
    total = chance
    while total < _SURE:
        count += 1
        chance *= mean / count
        total += chance
    return max(1, count)


def _normal(mean: float) -> int:
    return math.ceil(mean + _QUANTILE * math.sqrt(mean))
