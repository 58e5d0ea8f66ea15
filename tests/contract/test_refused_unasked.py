"""What cannot be meant is refused before anybody is asked, whoever's keys these are."""

import pytest

from tests.account import Account

WHY = ("--reason", "a site", "--owner", "web")


@pytest.mark.parametrize(
    "words",
    [
        ("undo", "--yes"),
        ("undo", "--bucket", "No_Bucket"),
        ("undo", "--bucket", "site", "--world-writable", "other"),
        ("undo", "--bucket", "site", *WHY, "--expires", "soon"),
        ("redrive", "--discard", "--yes"),
        ("redrive", "--id", "A"),
        ("sweep", "--bucket", "No_Bucket"),
        ("sweep", "--days", "999999"),
        ("status", "--bucket", "No_Bucket"),
        ("status", "--days", "0"),
    ],
)
def test_no_request_is_made(account: Account, words: tuple[str, ...]) -> None:
    """Not even for the account."""
    calls = account.calls()
    assert account.run(words[0], *words[1:]) == 2
    assert calls() == []
