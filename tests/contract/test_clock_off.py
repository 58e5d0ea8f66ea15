"""A machine whose clock is off is told so, by every SDK, and at once."""

from collections.abc import Callable
from typing import Any

import pytest

from scripts.account.clients import Clients, asked
from scripts.account.queue import Queue
from scripts.errors import CloudError
from scripts.localcloud import Fail
from tests.account import QUEUE, Account


def identity(clients: Clients) -> Any:
    """Ask STS, which goes by the RPC signature."""
    return asked("sts:GetCallerIdentity", "it", clients.sts.get_caller_identity)


CASES: list[tuple[str, Fail, Callable[[Account], object]]] = [
    (
        "sts:GetCallerIdentity",
        Fail(400, "InvalidTimeStamp.Expired"),
        lambda account: identity(account.clients),
    ),
    (
        "mns:PeekMessage",
        Fail(408, "TimeExpired"),
        lambda account: Queue(QUEUE, account.clients).arrivals(),
    ),
    (
        "fc:GetFunction",
        Fail(403, "RequestTimeTooSkewed"),
        lambda account: account.run("pause", "--dry-run"),
    ),
    (
        "log:GetLogStoreLogs",
        Fail(400, "RequestTimeExpired"),
        lambda account: account.run("audit"),
    ),
]


@pytest.mark.parametrize(("operation", "fault", "ask"), CASES, ids=[each[0] for each in CASES])
def test_the_clock_is_named(
    product: Account,
    capsys: pytest.CaptureFixture[str],
    operation: str,
    fault: Fail,
    ask: Callable[[Account], object],
) -> None:
    """What it shows, and what to do; asked once, as no retry helps."""
    product.cloud.faults.add(operation, fault, times=100, may_be_unmet=True)
    before = len(product.cloud.journal.entries())
    try:
        told = f"{ask(product)} {capsys.readouterr().err}"
    except CloudError as error:
        told = str(error)
    assert "this machine's clock shows " in told
    assert ": set it right, and run again" in told
    asked_for = product.cloud.journal.entries()[before:]
    assert sum(entry.action == operation.partition(":")[2] for entry in asked_for) <= 2
