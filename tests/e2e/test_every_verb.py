"""Every verb once, on one account, by somebody who may no more than it declares.

A proxy is in the environment that nothing may come to.
"""

from pathlib import Path

from scripts.docs import permissions
from scripts.localcloud import LocalCloud
from tests.e2e.cases import EVENT, UNDO, somebody_to_be_woken
from tests.e2e.operator_rig import Operator

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


def test_what_each_declares_is_enough_and_no_proxy_is_asked(tmp_path: Path, code: Path) -> None:
    """All of them do their work; that the proxy was not asked is what every test here checks."""
    with LocalCloud() as cloud:
        operator = Operator(cloud, tmp_path, code)
        assert {"provision", "apply", *RUNS} == set(permissions.VERBS)

        def run(verb: str, *arguments: str) -> None:
            operator.may_only(permissions.of(verb))
            agreed = [] if verb in LOOKING else ["--yes"]
            assert operator.run(verb, *arguments, *agreed) == 0, verb
            operator.rest()

        somebody_to_be_woken(operator)
        run("provision")
        run("apply")
        cloud.oss.create("site", acl="public-read")
        operator.rest()
        for verb, arguments in RUNS.items():
            run(verb, *arguments)
