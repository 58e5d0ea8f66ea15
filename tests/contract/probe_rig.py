"""What tests of the probe share: what it wrote, what it left, and what one that was killed left."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from scripts.flows import probing
from tests.account import QUEUE, Account
from tests.parts import age


@pytest.fixture(autouse=True)
def shorter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks agree for less long than on an account."""
    monkeypatch.setattr(probing, "HOLDS", 0.5)


def answers(product: Account) -> dict[str, Any]:
    """The file's questions."""
    questions: dict[str, Any] = json.loads(written(product))["questions"]
    return questions


def written(product: Account) -> str:
    """The file."""
    return (product.folder / "probe.json").read_text("utf-8")


def assert_nothing_left(product: Account) -> None:
    """No bucket and no message is there, once all that is under way has ended."""
    product.rest()
    product.cloud.clock.advance(60)  # what was let go of can be seen again
    assert product.cloud.oss.names() == []
    assert product.cloud.mns.peek(QUEUE, count=16) == []


def leave(account: Account, name: str, tags: Mapping[str, str], *, old: bool = True) -> None:
    """A bucket is there, open in both ways, as a probe that was killed may leave it."""
    account.cloud.oss.create(name, acl="public-read", region="cn-beijing", age=0)
    account.cloud.oss.set_tags(name, tags)
    if old:
        age(account.cloud, name)
