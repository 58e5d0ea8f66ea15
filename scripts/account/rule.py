"""The Cloud Config rule whose findings are repaired, found by its name."""

import functools
from collections.abc import Iterator
from dataclasses import dataclass

from alibabacloud_config20200907 import models

from resource_repair.remediations import ACL, named
from resource_repair.settings import Assignment
from scripts.account import mark
from scripts.account.clients import Clients, asked, calling
from scripts.account.permission import Permission, on
from scripts.account.resource import Difference, State, creating, deleting, gone, seen
from scripts.declared import Spec
from scripts.errors import Problem

MANAGED_RULE = named(ACL).rules[0]
RESOURCE_TYPE = "ACS::OSS::Bucket"

# Its page names rules, that of the older API, for the same action, all resources.
LIST_RULES = Permission("config:ListConfigRules")

_DESCRIPTIONS = {MANAGED_RULE: "Finds the OSS buckets that the public can read"}
RISK_LEVEL = 2  # medium; messages say "Warning"
_PAGE = 100
# It goes on evaluating for a while after it was made, which is no obstacle to anything.
DELETING = "DELETING"
_AT_WORK = {"ACTIVE", "EVALUATING"}


@dataclass(frozen=True)
class RuleFound:
    """A rule as it is: `source` names the managed rule that it applies.

    `state` is ACTIVE, EVALUATING, INACTIVE or DELETING; `risk_level` 1 (high) to 3 (low).
    """

    id: str
    name: str
    source: str
    state: str
    risk_level: int
    marked: bool

    @property
    def at_work(self) -> bool:
        """Whether it evaluates changes."""
        return self.state in _AT_WORK


class Rule:
    """The rule of the name that the spec gives; or one of a further remediation's, where `given`.

    That is the one of its ids, as somebody may have made it, else the one that provision makes.
    """

    kind = "rule"
    READING = (LIST_RULES,)
    MAKING = on("*", "config:CreateConfigRule", "config:ActiveConfigRules")
    REMOVING = (LIST_RULES, Permission("config:DeleteConfigRules"))

    def __init__(self, spec: Spec, clients: Clients, given: Assignment | None = None) -> None:
        self.remediation = given.remediation if given else ACL
        self.name = name_of(given.remediation) if given else spec.rule_name
        self._ids = given.rule_ids if given else frozenset[str]()
        self._source = named(self.remediation).rules[0]
        self.clients = clients

    def found(self) -> RuleFound | None:
        """The rule; None if there is none of that name. One that is being deleted counts last."""

        def last(each: RuleFound) -> tuple[bool, bool]:
            return each.state == DELETING, each.id not in self._ids

        fitting = (
            each for each in rules(self.clients) if each.name == self.name or each.id in self._ids
        )
        return min(fitting, key=last, default=None)

    def id(self) -> str:
        """Its id; raises Problem if it is not there."""
        found = self.found()
        if found is None:
            raise Problem(f"the rule {self.name} is not there: run `resource-repair provision`")
        return found.id

    def live(self) -> State | None:
        """Whether it is at work; None if it is not there."""
        found = self.found()
        if found is None:
            return None
        return {"state": "ACTIVE" if found.at_work else found.state}

    def declared(self) -> State:
        """At work. What an adopted rule is limited to, and its risk level, are left to it."""
        return {"state": "ACTIVE"}

    def obstacle(self) -> str:
        """Another managed rule's instance of that name, or one that is being deleted."""
        found = self.found()
        if found is None:
            return ""
        if found.source != self._source:
            another = "ruleName" if self.remediation == ACL else f"rule to {self.remediation}"
            return (
                f"the name of the rule {found.name} is taken by an instance of {found.source}, not "
                f"of {self._source}: give another {another} in s.yaml, or rename that rule"
            )
        if found.state == DELETING:
            return f"the rule {self.name} is still being deleted: wait some minutes, and run again"
        return ""

    def deleting(self) -> bool:
        """Whether it is being deleted; its name is not free before that has ended."""
        found = self.found()
        return found is not None and found.state == DELETING

    def create(self) -> None:
        """Make it, tagged, and see it listed; Cloud Config then evaluates every bucket.

        It is made asynchronously, and until then whoever asks by its id is told of no such rule.
        """
        tag = models.CreateConfigRuleRequestTag(key=mark.TAG_KEY, value=mark.TAG_VALUE)
        request = models.CreateConfigRuleRequest(
            config_rule_name=self.name,
            config_rule_trigger_types="ConfigurationItemChangeNotification",
            description=_DESCRIPTIONS.get(self._source, f"Finds what {self.remediation} mends"),
            resource_types_scope=[RESOURCE_TYPE],
            risk_level=RISK_LEVEL,
            source_identifier=self._source,
            source_owner="ALIYUN",
            tag=[tag],
        )
        with creating("config:CreateConfigRule", self.name):
            self.clients.config.create_config_rule(request)
        seen(self, LIST_RULES.action)

    def change(self, differences: tuple[Difference, ...]) -> None:  # noqa: ARG002  (there is but one)
        """Switch it on; Cloud Config then evaluates every bucket."""
        request = models.ActiveConfigRulesRequest(config_rule_ids=self.id())
        with calling("config:ActiveConfigRules", self.name):
            self.clients.config.active_config_rules(request)

    def there(self) -> bool:
        """Whether there is such a rule."""
        return self.found() is not None

    def stays(self) -> str:
        """It has no mark."""
        found = self.found()
        return "" if found and found.marked else mark.NOT_OURS

    def delete(self) -> None:
        """Take it away, with its results; it is DELETING for a while."""
        found = self.found()
        if found is None:
            return
        request = models.DeleteConfigRulesRequest(config_rule_ids=found.id)
        with deleting("config:DeleteConfigRules", self.name):
            self.clients.config.delete_config_rules(request)

    def see_gone(self) -> None:
        """Look until it is, having been deleted; raises CloudError."""
        gone(self, LIST_RULES.action)


def name_of(remediation: str) -> str:
    """How provision calls the rule of a further remediation."""
    return f"resource-repair-{remediation}"


def rules(clients: Clients) -> Iterator[RuleFound]:
    """All rules of the account: to find one by its name as to find one by its id."""
    number, left = 1, 1
    while left > 0:
        request = models.ListConfigRulesRequest(page_number=number, page_size=_PAGE)
        ask = functools.partial(clients.config.list_config_rules, request)
        page = asked("config:ListConfigRules", "the account", ask).body.config_rules
        for each in page.config_rule_list or ():
            yield RuleFound(
                id=each.config_rule_id,
                name=each.config_rule_name,
                source=each.source_identifier,
                state=each.config_rule_state,
                risk_level=int(each.risk_level),
                marked=mark.tagged(each.tags),
            )
        left = page.total_count - number * _PAGE
        number += 1
