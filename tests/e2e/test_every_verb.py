"""Every verb once, on one account, by a RAM user who has the page's statements for it and no other.

A proxy is in the environment that nothing may come to.
"""

from pathlib import Path

import pytest

from scripts.docs import permissions
from tests import permission_map
from tests.account import Moments
from tests.e2e.cases import Given, begin
from tests.e2e.givens import EVENT, UNDO, nothing, somebody_to_be_woken, under_least
from tests.ram_user import client, rewrite, user_who_may

RUNS: dict[str, tuple[str, ...]] = {
    "doctor": (),
    "verify": (),
    "publish": (EVENT,),
    "invoke": (EVENT,),
    "audit": (),
    "report": (),
    "test-alert": (),
    "probe": (),
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
def test_what_readme_says_is_enough_and_no_proxy_is_asked(
    tmp_path: Path, moments: Moments, given: Given
) -> None:
    """All of them do their work; that the proxy was not asked is what every test here checks."""
    account = begin(moments, tmp_path, given)
    cloud, table = account.cloud, permission_map.told(moments.generation)
    here = cloud.account_id, cloud.region
    ram = client(cloud)
    account.key = user_who_may(ram, "operator", permission_map.document(*here, table["doctor"]))
    assert {"provision", "apply", *RUNS} == set(permissions.VERBS)

    def run(verb: str, *arguments: str) -> None:
        rewrite(ram, "operator-0", permission_map.document(*here, table[verb]))
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
