"""What a verb looks at, it reads once; and what it writes to, it reads again just before."""

import itertools
import json
import sys
import threading
from collections import Counter
from collections.abc import Callable

import pytest
from alibabacloud_fc_open20210406 import models as fc
from alibabacloud_mns_open20220119 import models as mns

from scripts import patience
from scripts.docs.permissions import VERBS
from scripts.localcloud import Fail, Hold
from scripts.localcloud.journal import Entry
from tests.account import FUNCTION, SERVICE, Account
from tests.parts import Terminal

# What signs a request differs from one to the next.
_READS = ("Get", "List", "Peek")
_SIGNED = ("Signature", "SignatureNonce", "Timestamp")
EVENT = "events/ignored_other_rule.json"
ARGUMENTS = {
    "evaluate": ("--dry-run",),
    "invoke": (EVENT, "--dry-run"),
    "publish": (EVENT, "--dry-run"),
    "remove": ("--dry-run",),
    "resume": ("--yes",),
    "sweep": ("--dry-run",),
    "test-alert": ("--dry-run",),
    "undo": (
        *("--bucket", "first", "--reason", "a site", "--owner", "web", "--expires", "2027-01-31"),
        "--dry-run",
    ),
}


@pytest.fixture
def product(product: Account) -> Account:
    """The product, sound, with two open buckets that were never reported."""
    product.plant(first="public-read", second="public-read")
    return product


def asked(entry: Entry) -> tuple[object, ...]:
    """What a request asks for, whoever signed it and when."""
    request = entry.details["request"]
    params = {name: text for name, text in request.params.items() if name not in _SIGNED}
    return (entry.service, entry.action, request.method, request.path, str(params), request.body)


def requests_of(product: Account, verb: str, *arguments: str) -> list[Entry]:
    """What the verb asked of the services, on the wire."""
    before = len(product.cloud.journal.entries())
    product.run(verb, *arguments)
    return [e for e in product.cloud.journal.entries()[before:] if "request" in e.details]


@pytest.mark.parametrize("verb", VERBS)
def test_each_thing_is_read_once(product: Account, verb: str) -> None:
    """On a sound account no verb asks twice for the same, unless it wrote meanwhile."""
    made: Counter[tuple[object, ...]] = Counter()
    writes = 0
    for each in requests_of(product, verb, *ARGUMENTS.get(verb, ())):
        made[(*asked(each), writes)] += 1
        writes += not each.action.startswith(_READS)
    again = {f"{key[0]}:{key[1]} {key[3]} {key[4]}": n for key, n in made.items() if n > 1}
    assert again == {}


@pytest.mark.parametrize("verb", VERBS)
def test_each_read_is_tried_again(
    product: Account, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    """Where each thing that a verb reads is throttled once, it makes that request once more."""
    arguments, before = ARGUMENTS.get(verb, ()), product.cloud.snapshot()
    good = Counter(_named(each) for each in requests_of(product, verb, *arguments))
    product.cloud.rollback(before)
    reads = [each for each in good if each.partition(":")[2].startswith(_READS)]
    for each in reads:
        product.cloud.faults.add(each, Fail(429, "Throttling.User"))
    monkeypatch.setattr(patience, "backoff", lambda *_: itertools.repeat(0.01))
    made = Counter(_named(each) for each in requests_of(product, verb, *arguments))
    product.cloud.rollback(before)
    assert made == good + Counter(reads)


def _named(entry: Entry) -> str:
    return f"{entry.service}:{entry.action}"


def _describe_function(product: Account, text: str) -> None:
    place = (SERVICE, FUNCTION)
    product.clients.fc.update_function(*place, fc.UpdateFunctionRequest(description=text))


def _retain(product: Account, seconds: int) -> None:
    product.clients.mns.set_queue_attributes(
        mns.SetQueueAttributesRequest(
            queue_name=product.spec.failure_queue, message_retention_period=seconds
        )
    )


@pytest.mark.parametrize(
    ("verb", "change"),
    [
        (
            "apply",
            lambda product, first: _describe_function(product, "one" if first else "another"),
        ),
        ("provision", lambda product, first: _retain(product, 3600 if first else 7200)),
    ],
)
def test_what_is_written_to_is_read_just_before(
    product: Account,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    verb: str,
    change: Callable[[Account, bool], None],
) -> None:
    """What somebody else changes while the plan is on the screen is left as they made it."""

    class Slow(Terminal):
        def readline(self, size: int | None = -1) -> str:
            change(product, False)
            return super().readline(size or -1)

    change(product, True)
    monkeypatch.setattr(sys, "stdin", Slow("y\n"))
    made = requests_of(product, verb)
    assert "was changed by somebody else since the plan was shown" in capsys.readouterr().err
    writes = [
        each.action for each in made if each.action in ("UpdateFunction", "SetQueueAttributes")
    ]
    assert len(writes) == 1  # theirs
    monkeypatch.undo()
    requests_of(product, verb, "--yes")
    assert "nothing to do" not in capsys.readouterr().out
    requests_of(product, verb)
    assert "nothing to do" in capsys.readouterr().out


def _pause(product: Account) -> None:
    """As somebody does at another terminal."""
    told = {"since": "2026-11-28T00:00:00+00:00", "mode": "enforce", "reason": ""}
    paused = {"repairMode": "report", "paused": json.dumps(told)}
    variables = {**product.spec.function.environment, **paused}
    place = (SERVICE, FUNCTION)
    product.cloud.fc.resources.update_function(*place, {"environmentVariables": variables})


def _is_paused(product: Account) -> bool:
    place = (SERVICE, FUNCTION)
    settings = product.cloud.fc.resources.function(*place).settings
    return "paused" in settings["environmentVariables"]


def test_a_pause_between_two_tries_of_apply_is_not_ended(
    product: Account, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What a try that failed cannot have left is somebody else's."""
    _describe_function(product, "one")
    product.cloud.faults.add("fc:UpdateFunction", Fail(503, "InternalServerError"))
    monkeypatch.setattr(patience, "aside", lambda _: _pause(product))
    requests_of(product, "apply", "--yes")
    assert "was changed by somebody else" in capsys.readouterr().err
    assert _is_paused(product)
    requests_of(product, "resume", "--yes")


def test_a_pause_while_apply_writes_is_not_ended(
    product: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """Between the last look and the write nothing of somebody else's is lost either."""
    _describe_function(product, "one")
    hold = Hold()
    order = product.cloud.faults.add("fc:UpdateFunction", hold)
    applying = threading.Thread(target=requests_of, args=(product, "apply", "--yes"))
    applying.start()
    assert order.met.wait(60)
    _pause(product)
    hold.released.set()
    applying.join()
    assert "was changed by somebody else in this moment" in capsys.readouterr().err
    assert _is_paused(product)
    requests_of(product, "resume", "--yes")


def test_an_incomplete_search_is_asked_for_again(
    product: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """What Log Service has not finished is no answer to be remembered."""
    product.cloud.log.let_search_lag(1)
    requests_of(product, "audit")
    assert "did not finish" not in capsys.readouterr().err
