"""Every verb once, on one account, by somebody who may no more than it declares.

A proxy is in the environment that nothing may come to.
"""

from pathlib import Path

import pytest

from scripts.docs import permissions
from tests.account import Moments
from tests.e2e.cases import EVENT, UNDO, Given, begin, nothing, somebody_to_be_woken, under_least

RUNS: dict[str, tuple[str, ...]] = {
    "doctor": (),
    "verify": (),
    "publish": (EVENT,),
    "invoke": (EVENT,),
    "audit": (),
    "report": (),
    "test-alert": (),
    "undo": (*UNDO, "--watch", "0"),
    "status": (),
    "evaluate": ("--expect", "0"),
    "sweep": (),
    "redrive": (),
    "pause": (),
    "resume": (),
    "remove": ("--roles",),
}

LOOKING = ("doctor", "status", "audit", "report")  # which ask nothing


@pytest.mark.parametrize("given", [nothing, pytest.param(under_least, marks=pytest.mark.bad_days)])
def test_what_each_declares_is_enough_and_no_proxy_is_asked(
    tmp_path: Path, moments: Moments, given: Given
) -> None:
    """All of them do their work; that the proxy was not asked is what every test here checks."""
    account = begin(moments, tmp_path, given)
    assert {"provision", "apply", *RUNS} == set(permissions.VERBS)

    def run(verb: str, *arguments: str) -> None:
        account.may_only(permissions.of(verb))
        agreed = [] if verb in LOOKING else ["--yes"]
        assert account.run(verb, *arguments, *agreed) == 0, verb
        account.rest()

    somebody_to_be_woken(account)
    run("provision")
    run("apply")
    account.cloud.oss.create("site", acl="public-read")
    account.rest()
    for verb, arguments in RUNS.items():
        run(verb, *arguments)
