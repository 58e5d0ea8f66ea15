"""Situations of verbs on Function Compute 3.0, as `cases` has those with services."""

from alibabacloud_fc20230330 import models

from tests.account import Account
from tests.contract.spoil import provisioned
from tests.e2e.cases import CASES, Case
from tests.e2e.givens import (
    asynchronous_no_more,
    built_anew,
    deployed_under_least,
    open_by_policy,
    yet_to_be_deployed_where_tags_exempt,
    yet_to_be_deployed_with_policies,
)
from tests.parts import edit


def undeclared_alone(account: Account) -> None:
    """Somebody gave the function by hand what s.yaml does not have."""
    api, (_, name) = account.clients.fc3, account.place
    body = models.PutAsyncInvokeConfigInput(max_async_retry_attempts=1)
    api.put_async_invoke_config(name, models.PutAsyncInvokeConfigRequest(body=body, qualifier="7"))


def deployed_alone_otherwise(account: Account) -> None:
    """The function and its trigger are from another s.yaml."""
    changes = (
        ("timeout: 60", "timeout: 61"),
        ("retries: 3", "retries: 2"),
        ("notifyContentFormat: STREAM", "notifyContentFormat: JSON"),
    )
    for old, new in changes:
        edit(account.path, old, new)
    assert account.run("apply", "--yes") == 0
    for old, new in changes:
        edit(account.path, new, old)


ALONE = tuple(
    case
    for case in (
        Case("apply", provisioned, ("--yes",)),
        Case("apply", deployed_alone_otherwise, ("--yes",)),
        Case("apply", built_anew, ("--yes",)),
        Case("apply", undeclared_alone, ("--yes",)),
        Case("apply", asynchronous_no_more, ("--yes",)),
        Case("apply", open_by_policy, ("--yes",)),
        Case("apply", yet_to_be_deployed_with_policies, ("--yes",)),
        Case("apply", yet_to_be_deployed_where_tags_exempt, ("--yes",)),
        *(case for case in CASES if case.verb in {"doctor", "verify", "pause", "remove"}),
    )
    if case.given is not deployed_under_least  # as on 3.0 it always is
)
"""Those of verbs that call Function Compute 3.0 otherwise, or that must not fail."""
