"""An account with very many buckets, each with a result of the rule and an audit line."""

import json

from scripts.localcloud.log.protobuf import Entry
from scripts.stage import serve
from tests.account import Account

_LINE = {
    "event": "resource_repair",
    "outcome": "would_repair",
    "region": "cn-shanghai",
    "reason": "the mode is report, so it was left as it was found",
    "rule_name": "test-oss-bucket-public-read-prohibited",
    "acl_before": "public-read",
    "public_by_policy": False,
    "mode": "report",
    "duration_ms": 12,
}


def plant(account: Account, number: int, *, every: int = 1) -> list[str]:
    """So many buckets, of which one of `every` is open; the names of those. All are evaluated.

    Each has an audit line of its own time, the open ones of being reported alone.
    """
    names = [f"bucket-{n:05}" for n in range(number)]
    is_open = [n % every == 0 for n in range(number)]
    acls = {
        name.replace("-", "_"): "public-read" if opened else "private"
        for name, opened in zip(names, is_open, strict=True)
    }
    account.cloud.oss.most_buckets = number + 100  # of a region, which can be raised
    account.plant(**acls)
    begun = int(account.cloud.clock.now()) - number - 3600
    lines = [
        Entry(begun + n, {"message": json.dumps(_line(account, name, opened))})
        for n, (name, opened) in enumerate(zip(names, is_open, strict=True))
    ]
    account.cloud.log.put(account.log_project, "audit", lines)
    return [name for name, opened in zip(names, is_open, strict=True) if opened]


def _line(account: Account, name: str, opened: bool) -> dict[str, object]:
    outcome = "would_repair" if opened else "already_private"
    told = {"bucket": name, "outcome": outcome, "rule_id": account.rule_id}
    return {**_LINE, **told, "request_id": f"run-{name}", "account_id": account.cloud.account_id}


def key(account: Account) -> dict[str, str]:
    """What a verb in a process of its own has its credentials of."""
    held = account.cloud.credentials
    return {
        "ALIBABA_CLOUD_ACCESS_KEY_ID": held.access_key_id,
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": held.access_key_secret,
        **{n: v for n, v in serve.environment(account.cloud).items() if n.startswith("RESOURCE_")},
    }
