"""Each verb in the situations that, together, make it do all that it can do.

Most begin with all deployed; those in FROM_NOTHING with an account that has nothing of ours.
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from tests.account import Account, Moments
from tests.contract.spoil import answer_lost, overtaken, provisioned
from tests.e2e.givens import (
    EVENT,
    UNDO,
    alerts_off,
    asynchronous_no_more,
    built_anew,
    deployed,
    deployed_by_policy,
    deployed_otherwise,
    deployed_under_least,
    drifted,
    failure_waiting,
    finding_given_up,
    least_drifted,
    log_kept_for_longer,
    log_project_of_another,
    log_project_of_somebody,
    log_project_without_store,
    logs_kept_for_longer_by_somebody,
    moved,
    nothing,
    of_two_sites,
    open_by_policy,
    open_since_before,
    open_where_tags_exempt,
    paused,
    paused_by_policy,
    paused_where_tags_exempt,
    proof_left,
    repaired,
    repaired_by_others,
    senseless_message,
    somebody_to_be_woken,
    told_of_a_policy,
    undeclared,
    under_least,
    with_policies,
    woken,
    yet_to_be_deployed_where_tags_exempt,
    yet_to_be_deployed_with_policies,
)
from tests.parts import least_privilege

_OF_ENCRYPTION = ("--remediation", "encryption")
Given = Callable[[Account], object]
Begin = Callable[[Given], Account]  # the account as that wants it; one begun before is no more


class Case(NamedTuple):
    """A verb, what is there when it is run, what it is told besides, and its exit code."""

    verb: str
    given: Given
    arguments: tuple[str, ...] = ()
    ends: int = 0

    def run(self, account: Account) -> int:
        """The exit code."""
        return account.run(self.verb, *self.arguments)


def begin(moments: Moments, folder: Path, given: Given, *, least: bool = False) -> Account:
    """The account as `given` wants it, and the project in a new folder.

    With `least` its function is to run, or runs, under the role of least privilege.
    """
    if given in FROM_NOTHING:
        account = moments.nothing(folder, bundle=True)
        if least:
            least_privilege(account.path)
    else:
        account = moments.deployed(folder, bundle=True, least=least)
    given(account)
    return account


FROM_NOTHING = (
    *(nothing, provisioned, drifted, answer_lost, overtaken, somebody_to_be_woken, open_by_policy),
    *(log_project_of_another, log_project_without_store, log_kept_for_longer),
    *(log_project_of_somebody, logs_kept_for_longer_by_somebody),
    *(under_least, least_drifted, deployed_under_least),
    yet_to_be_deployed_where_tags_exempt,
)


CASES = (
    Case("provision", nothing, ("--yes",)),
    Case("provision", drifted, ("--yes",)),
    Case("provision", answer_lost, ("--yes",)),
    Case("provision", overtaken, ("--yes",)),
    Case("provision", log_project_of_another, ("--yes",), ends=1),
    Case("provision", log_project_without_store, ("--yes",)),
    Case("provision", log_kept_for_longer, ("--yes",)),
    Case("provision", somebody_to_be_woken, ("--yes",)),
    Case("provision", alerts_off, ("--yes",)),
    Case("provision", under_least, ("--yes",)),
    Case("provision", least_drifted, ("--yes",)),
    Case("apply", provisioned, ("--yes",)),
    Case("apply", deployed_otherwise, ("--yes",)),
    Case("apply", built_anew, ("--yes",)),
    Case("apply", undeclared, ("--yes",)),
    Case("apply", asynchronous_no_more, ("--yes",)),
    Case("apply", open_by_policy, ("--yes",)),
    Case("apply", yet_to_be_deployed_with_policies, ("--yes",)),
    Case("apply", yet_to_be_deployed_where_tags_exempt, ("--yes",)),
    Case("doctor", deployed),
    Case("doctor", failure_waiting, ends=1),
    Case("doctor", woken),
    Case("doctor", logs_kept_for_longer_by_somebody),
    Case("doctor", deployed_by_policy),
    Case("doctor", open_where_tags_exempt),
    Case("doctor", deployed_under_least),
    Case("doctor", told_of_a_policy, ends=1),
    Case("doctor", with_policies, ends=1),
    Case("verify", deployed),
    Case("verify", built_anew, ends=1),
    Case("verify", proof_left, ("--loop",)),
    Case("verify", deployed_under_least, ("--loop",)),
    Case("probe", of_two_sites, ("--yes", "--rule")),
    Case("evaluate", open_since_before, ("--expect", "1")),
    Case("evaluate", deployed_by_policy, ("--expect", "0", "--yes"), ends=1),
    Case("evaluate", open_where_tags_exempt, ("--expect", "1")),
    Case("sweep", open_since_before, ("--yes",)),
    Case("sweep", open_where_tags_exempt, ("--due", "--grace", "0", "--yes")),
    Case("sweep", with_policies, ("--yes",)),
    Case("redrive", finding_given_up, ("--yes",)),
    Case("redrive", finding_given_up, ("--yes", "--to", "topic", "--timeout", "10")),
    Case("redrive", senseless_message, ("--yes", "--discard", "--reason", "sent by hand")),
    Case("status", open_since_before, ends=1),
    Case("status", open_since_before, ("--bucket", "old"), ends=1),
    Case("status", open_where_tags_exempt, ends=1),
    Case("status", with_policies, ends=1),
    Case("publish", deployed, (EVENT,)),
    Case("invoke", deployed, (EVENT,)),
    Case("audit", deployed),
    Case("report", open_since_before),
    Case("report", open_where_tags_exempt),
    Case("report", with_policies),
    Case("test-alert", woken),
    Case("pause", deployed, ("--reason", "the site moves")),
    Case("resume", paused, ("--yes",)),
    Case("resume", paused_where_tags_exempt, ("--yes",)),
    Case("resume", paused_by_policy, ("--yes",)),
    Case("undo", repaired, (*UNDO, "--watch", "0", "--yes")),
    Case("undo", repaired_by_others, (*UNDO, "--remediation", "policy", "--watch", "0", "--yes")),
    Case("undo", repaired_by_others, (*UNDO, *_OF_ENCRYPTION, "--watch", "0", "--yes")),
    Case("remove", deployed, ("--yes", "--roles")),
    Case("remove", woken, ("--yes", "--roles")),
    Case("remove", deployed_under_least, ("--yes", "--roles")),
    Case("remove", log_project_of_somebody, ("--yes",)),
    Case("remove", failure_waiting, ("--yes",), ends=1),
    Case("remove", moved, ("--yes", "--other-generation")),
)
