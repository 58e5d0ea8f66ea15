"""Limits and prices, as Alibaba Cloud's documentation tells them: the one place that has them.

Each with the title of its page and the date that the page gives itself. They change: what Quota
Center and the price calculators say of an account prevails.
"""

from typing import NamedTuple


class Fact(NamedTuple):
    """A documented number; `value` is None where only a page that could not be read has it."""

    name: str
    what: str
    value: float | None
    unit: str
    page: str
    edition: str
    note: str = ""


# The pages, each with the date of the edition that was read.
_UNDATED = "undated"
_SCALING = ("Auto scaling for on-demand and provisioned modes (FC 2.0)", "2026-03-24")
_SPEED = ("Limits on the scaling speed of instances in different regions (FC)", "2025-02-18")
_ERRORS = ("Error handling (FC 2.0)", _UNDATED)
_ON_DEMAND = ("Specify the maximum number of on-demand instances (FC)", _UNDATED)
_FC_PRICES = ("Pay-as-you-go (FC 2.0)", "2025-01-24")
_FC_BILLING = ("Billing overview (FC 2.0)", _UNDATED)
_OSS_LIMITS = ("Limits (OSS)", "2023-05-31")
_OSS_FEES = ("Request fees (OSS)", "2026-03-25")
_OSS_FEES_OLD = ("API operation calling fees (OSS)", _UNDATED)
_MNS_LIMITS = ("Limits (MNS)", "2026-03-11")
_MNS_PRICES = ("Billing (MNS)", "2026-03-02")
_MNS_PRICES_OLD = ("Billing (MNS)", _UNDATED)
_LOG_EXAMPLES = ("Billing examples (Log Service)", "2024-09-09")
_LOG_FREE = ("Pay-by-feature (Log Service)", "2025-08-07")

_CITIES = "Hangzhou, Shanghai, Beijing, Zhangjiakou, Shenzhen; elsewhere 100"
_QUOTA = "“Quotas and limits” (FC, 2026-04-01) says 300; Quota Center has the account's own"
_MAINLAND = "mainland China"
_EXAMPLE = "example 2: USD 2.171985 a day for 18.6 GB a day in two shards, compressed to a fifth"
_OLDER = "an earlier edition; the one of 2026-03-25 does not tell of it"

LIMITS = (
    Fact("instances", "instances at a time, account and region", 100, "", *_SCALING, _QUOTA),
    Fact("at_once", "instances that may start at once", 300, "", *_SPEED, _CITIES),
    Fact("per_minute", "instances a minute after those", 300, "", *_SPEED, _CITIES),
    Fact("patience", "a refused start is tried again for", 5, "hours", *_ERRORS, "not billed"),
    Fact("set_aside", "of them, for one function at most", 90, "%", *_ON_DEMAND),
    Fact("oss_rate", "OSS requests a second, account", 10_000, "", *_OSS_LIMITS),
    Fact("buckets", "buckets, account and region", 100, "", *_OSS_LIMITS, "can be raised"),
    Fact(
        "topic_rate_old",
        "MNS requests a second, topic",
        500,
        "",
        "Limits (MNS)",
        "2024-01-22",
        "not in later editions, which have the next instead",
    ),
    Fact("topic_rate", "MNS requests a second, account and region", 20_000, "", *_MNS_LIMITS),
    Fact("topic_days", "a topic keeps a message for", 1, "day", *_MNS_LIMITS),
    Fact("queue_days", "a queue keeps a message for, at most", 7, "days", *_MNS_LIMITS),
    Fact("message", "a message, at most", 64, "KB", *_MNS_LIMITS),
)

PRICES = (
    Fact("cu", "a compute unit (CU), to 100 million a month", 0.000_020, "USD", *_FC_PRICES),
    Fact("cu_2", "a CU above those, to 500 million", 0.000_017, "USD", *_FC_PRICES),
    Fact("cu_3", "a CU above those", 0.000_014, "USD", *_FC_PRICES),
    Fact("cu_runs", "10,000 runs", 75, "CU", *_FC_PRICES),
    Fact("cu_vcpu", "a vCPU, a second", 1, "CU", *_FC_PRICES),
    Fact("cu_memory", "a GB of memory, a second", 0.15, "CU", *_FC_PRICES),
    Fact("topic", "a topic, a day", 0.32, "USD", *_MNS_PRICES_OLD, _MAINLAND),
    Fact("queue", "a queue, a day", 0.08, "USD", *_MNS_PRICES, _MAINLAND),
    Fact("mns", "a million MNS requests", None, "USD", *_MNS_PRICES),
    Fact("oss_put", "10,000 PUT requests", None, "USD", *_OSS_FEES, "none for 4xx and 5xx"),
    Fact("oss_get", "10,000 GET requests", None, "USD", *_OSS_FEES, "none for 4xx and 5xx"),
    Fact(
        "logs",
        "a GB logged, kept for three days",
        2.171985 / 18.6,
        "USD",
        *_LOG_EXAMPLES,
        _EXAMPLE,
    ),
    Fact("stored", "a GB of log and index, a further day", None, "USD", *_LOG_EXAMPLES),
)

# Each month. Function Compute's is a trial quota for first-time users, and counts for nothing here.
FREE = (
    Fact("mns", "MNS requests", 20_000_000, "", *_MNS_PRICES),
    Fact("oss_put", "OSS PUT requests", 100_000_000, "", *_OSS_FEES_OLD, _OLDER),
    Fact("oss_get", "OSS GET requests", 500_000_000, "", *_OSS_FEES_OLD, _OLDER),
    Fact("logs", "Log Service's traffic, index traffic and storage", 0.5, "GB of each", *_LOG_FREE),
)


def limit(name: str) -> float:
    """A limit, by its name."""
    return _known(LIMITS, name)


def price(name: str) -> float:
    """A price in USD or CU, by its name, of those that are known (`None` is not)."""
    return _known(PRICES, name)


def free(name: str) -> float:
    """What is free of it each month; 0 without such a quota."""
    return next((each.value or 0.0 for each in FREE if each.name == name), 0.0)


def _known(among: tuple[Fact, ...], name: str) -> float:
    value = next(each.value for each in among if each.name == name)
    if value is None:
        raise LookupError(f"no page that could be read tells the price of {name}")
    return value
