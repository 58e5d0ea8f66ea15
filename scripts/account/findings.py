"""What the rules of PREPARE_RULE_ID found, read from Cloud Config.

Permissions: `config:ListConfigRuleEvaluationResults`, `config:ListResourceEvaluationResults`,
`config:ListConfigRules`.
"""

import functools
import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import datetime, timezone
from typing import Any, NamedTuple

from alibabacloud_config20200907 import models

from resource_repair.openness import OPENNESS
from scripts.account.clients import Clients, asked
from scripts.account.permission import Permission
from scripts.account.rule import RESOURCE_TYPE, rules
from scripts.declared import Spec
from scripts.errors import CloudError, Problem
from scripts.patience import tallied

COMPLIANT, NON_COMPLIANT, IGNORED = "COMPLIANT", "NON_COMPLIANT", "IGNORED"
ACTIVE, EVALUATING = "ACTIVE", "EVALUATING"

# Their pages know no resource to name.
LIST_OF_RULE = Permission("config:ListConfigRuleEvaluationResults")
START = Permission("config:StartConfigRuleEvaluation")
LIST_OF_BUCKET = Permission("config:ListResourceEvaluationResults")
START_OF_BUCKET = Permission("config:StartConfigRuleEvaluationByResource")

_PAGE = 100  # the most that there can be
# Of what several rules say about one bucket, the first of these counts.
_WORST_FIRST = (NON_COMPLIANT, IGNORED, "INSUFFICIENT_DATA", COMPLIANT, "NOT_APPLICABLE")


class Result(NamedTuple):
    """What Cloud Config holds about one bucket.

    `acl` is what made it non-compliant, if that is what its annotation tells; `ignored_until` the
    day on which Cloud Config's own exemption ends, empty if none does. `risk_level` is the rule's,
    1 being the highest.
    """

    bucket: str
    region: str
    compliance: str
    evaluated_at: datetime
    acl: str
    ignored_until: str
    rule_id: str = ""
    rule_name: str = ""
    risk_level: int = 0
    annotation: str = ""


def read(spec: Spec, clients: Clients, ids: Iterable[str] | None = None) -> list[Result]:
    """One result for each bucket that a rule of the spec has evaluated, by name.

    With `ids` what these rules have, and not those of PREPARE_RULE_ID.

    Raises CloudError. Page "ListConfigRuleEvaluationResults".
    """
    wanted = tuple(rule_ids(spec) if ids is None else ids)
    return _worst(
        result
        for rule_id in wanted
        for result in tallied(
            _listed(spec, LIST_OF_RULE, rule_id, _pages_of_rule(clients, rule_id), wanted),
            "results listed",
        )
    )


def of_bucket(spec: Spec, clients: Clients, bucket: str) -> Result | None:
    """What those rules found about one bucket; None if they do not know it. Raises CloudError."""
    try:
        pages = _pages_of_bucket(clients, bucket)
        found = _worst(_listed(spec, LIST_OF_BUCKET, bucket, pages, rule_ids(spec)))
    except CloudError as error:
        # Guessed: that Cloud Config may answer so for a bucket that it has not discovered yet.
        if re.search("NotExist|NotFound", error.code):
            return None
        raise
    return found[0] if found else None


def state(spec: Spec, clients: Clients) -> str:
    """EVALUATING while a rule of the spec is; else ACTIVE.

    Raises CloudError, and Problem if one of them is not there or does not evaluate.
    """
    found = {rule.id: rule for rule in rules(clients)}
    states = set()
    for rule_id in rule_ids(spec):
        if rule_id not in found:
            raise Problem(f"there is no rule {rule_id}: correct PREPARE_RULE_ID in .env")
        if not found[rule_id].at_work:
            raise Problem(
                f"the rule {rule_id} is {found[rule_id].state}: run `resource-repair provision`, "
                "or switch it on in the Cloud Config console"
            )
        states.add(found[rule_id].state)
    return EVALUATING if EVALUATING in states else ACTIVE


def start_evaluation(clients: Clients, rule_id: str) -> None:
    """Have the rule evaluate all buckets anew; raises CloudError. Its state tells the end.

    It may be repeated: one that runs already is what is wanted.
    """
    request = models.StartConfigRuleEvaluationRequest(config_rule_id=rule_id)
    start = functools.partial(clients.config.start_config_rule_evaluation, request)
    asked(START.action, rule_id, start)


def start_evaluation_of(clients: Clients, bucket: str) -> None:
    """Have one bucket evaluated anew, by every rule; raises CloudError.

    Its page knows the resource's id alone, and not which rules are meant.
    """
    request = models.StartConfigRuleEvaluationByResourceRequest(resource_id=bucket)
    start = functools.partial(clients.config.start_config_rule_evaluation_by_resource, request)
    asked(START_OF_BUCKET.action, bucket, start)


def rule_ids(spec: Spec) -> tuple[str, ...]:
    """The ids of the rules whose findings are repaired."""
    listed = spec.function.environment["prepareRuleId"].split(",")
    return tuple(dict.fromkeys(each.strip() for each in listed))


def all_rule_ids(spec: Spec) -> tuple[str, ...]:
    """The same, with those of further remediations."""
    further = (each for given in spec.remediations for each in sorted(given.rule_ids))
    return (*rule_ids(spec), *further)


def _worst(found: Iterable[Result]) -> list[Result]:
    """The worst result about each bucket."""
    first: dict[str, Result] = {}
    for result in sorted(found, key=lambda result: (result.bucket, rank(result.compliance))):
        first.setdefault(result.bucket, result)
    return list(first.values())


def rank(compliance: str) -> int:
    """How bad a compliance type is, the worst being 0."""
    known = compliance in _WORST_FIRST
    return _WORST_FIRST.index(compliance) if known else len(_WORST_FIRST)


def _pages_of_rule(clients: Clients, rule_id: str) -> Callable[[str | None], Any]:
    def page(token: str | None) -> Any:
        request = models.ListConfigRuleEvaluationResultsRequest(
            config_rule_id=rule_id, max_results=_PAGE, next_token=token
        )
        return clients.config.list_config_rule_evaluation_results(request)

    return page


def _pages_of_bucket(clients: Clients, bucket: str) -> Callable[[str | None], Any]:
    def page(token: str | None) -> Any:
        request = models.ListResourceEvaluationResultsRequest(
            resource_id=bucket, resource_type=RESOURCE_TYPE, max_results=_PAGE, next_token=token
        )
        return clients.config.list_resource_evaluation_results(request)

    return page


def _listed(
    spec: Spec,
    permission: Permission,
    subject: str,
    page: Callable[[str | None], Any],
    wanted: Collection[str],
) -> Iterator[Result]:
    """The results of all pages, but for those of other rules and of other accounts' buckets."""
    token: str | None = None
    while True:
        ask = functools.partial(page, token)
        listed = asked(permission.action, subject, ask).body.evaluation_results
        for each in listed.evaluation_result_list or ():
            qualifier = each.evaluation_result_identifier.evaluation_result_qualifier
            if qualifier.config_rule_id in wanted and _is_own(qualifier, spec):
                yield _result(each, qualifier)
        token = listed.next_token
        if not token:
            return


def _is_own(qualifier: Any, spec: Spec) -> bool:
    """Whether it is about a bucket of this account: the function repairs no other."""
    owner = getattr(qualifier, "resource_owner_id", None)  # one of the two calls does not tell it
    return qualifier.resource_type == RESOURCE_TYPE and owner in (None, int(spec.account_id))


def _result(each: Any, qualifier: Any) -> Result:
    evaluated = (each.config_rule_invoked_timestamp or 0) / 1000
    return Result(
        bucket=qualifier.resource_id,
        region=qualifier.region_id or "",
        compliance=each.compliance_type,
        evaluated_at=datetime.fromtimestamp(evaluated, timezone.utc),
        acl=_acl(each.annotation),
        ignored_until=qualifier.ignore_date or "",
        rule_id=qualifier.config_rule_id,
        rule_name=qualifier.config_rule_name or "",
        risk_level=each.risk_level or 0,
        annotation=each.annotation or "",
    )


def _acl(annotation: str | None) -> str:
    """The ACL in an annotation: `{"configuration":"public-read", …}`."""
    try:
        told = json.loads(annotation or "{}")
    except ValueError:
        return ""
    acl = told.get("configuration") if isinstance(told, dict) else None
    return acl if acl in OPENNESS else ""
