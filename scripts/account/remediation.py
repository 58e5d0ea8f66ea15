"""Cloud Config's own remediations, which act on what our rule finds, whatever the function does."""

import functools
from collections.abc import Collection, Iterator
from typing import NamedTuple

from alibabacloud_config20200907 import models

from scripts.account.clients import Clients, asked
from scripts.account.permission import Permission

LIST_REMEDIATIONS = Permission("config:ListRemediations")  # its page knows no resource to name

_PAGE = 100
_BY_ITSELF = "AUTO_EXECUTION"
# The template that the documentation has for this very rule: it sets an ACL, and reads nothing.
_SETS_ACLS = "ACS-OSS-PutBucketAcl"


class Remediation(NamedTuple):
    """One of a rule: the template or function that it runs, and whether it does so by itself."""

    id: str
    rule_id: str
    template: str
    by_itself: bool

    def __str__(self) -> str:
        return f"{self.template} for the rule {self.rule_id} ({self.id})"


def acting_beside(clients: Clients, rule_ids: Collection[str]) -> list[Remediation]:
    """Those that act by themselves on findings of these rules, or set the ACL of any bucket.

    Raises CloudError.
    """
    return [
        each
        for each in _remediations(clients)
        if each.by_itself and (each.rule_id in rule_ids or each.template == _SETS_ACLS)
    ]


def acting_told(acting: Collection[Remediation]) -> str:
    """What that means, in words; empty if there are none."""
    if not acting:
        return ""
    return (
        "Cloud Config itself changes buckets on these findings, whatever mode, pause and exemptions"
        f" say here: {', '.join(map(str, acting))}"
    )


def _remediations(clients: Clients) -> Iterator[Remediation]:
    number, left = 1, 1
    while left > 0:
        request = models.ListRemediationsRequest(page_number=number, page_size=_PAGE)
        ask = functools.partial(clients.config.list_remediations, request)
        page = asked("config:ListRemediations", "the account", ask).body
        for each in page.remediations or ():
            yield Remediation(
                each.remediation_id or "",
                each.config_rule_id or "",
                each.remediation_template_id or "",
                each.invoke_type == _BY_ITSELF,
            )
        left = int(page.total_count or 0) - number * _PAGE
        number += 1
