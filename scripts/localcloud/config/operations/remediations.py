"""Cloud Config's own remediations: on record, for whoever reads them."""

# ruff: noqa: D102  (what each does is on its page)

from typing import Any

from ...pop import Answer, Call
from ...service import Core
from ..remediations import Remediation
from ..state import ConfigState
from .paging import page_of

# Page "CreateRemediation".
_KINDS = {"OOS": "a template", "FC": "a function"}
_INVOKED = ("NON_EXECUTION", "AUTO_EXECUTION", "MANUAL_EXECUTION", "NOT_CONFIG")
_SOURCES = ("ALIYUN", "CUSTOM", "NONE")


class RemediationOperations:
    """A method for each row, over the state."""

    def __init__(self, core: Core, state: ConfigState) -> None:
        self._core = core
        self._state = state

    def create_remediation(self, call: Call) -> Answer:
        for name, known in (
            ("RemediationType", tuple(_KINDS)),
            ("InvokeType", _INVOKED),
            ("SourceType", _SOURCES),
        ):
            if call.text(name, "ALIYUN" if name == "SourceType" else None) not in known:
                raise call.invalid(name, f"must be one of {', '.join(known)}")
        remediation = Remediation(
            rule_id=self._state.rule(call.text("ConfigRuleId")).id,
            kind=call.text("RemediationType"),
            template=call.text("RemediationTemplateId"),
            invoked=call.text("InvokeType"),
            source=call.text("SourceType", "ALIYUN"),
            params=call.text("Params"),
        )
        return {"RemediationId": self._state.remediations.create(remediation).id}

    def list_remediations(self, call: Call) -> Answer:
        wanted = call.listed("ConfigRuleIds", "")
        found = [
            self._described(each)
            for each in self._state.remediations.all()
            if not wanted or each.rule_id in wanted
        ]
        return page_of(call, "Remediations", found)

    def delete_remediations(self, call: Call) -> Answer:
        results = [
            {"RemediationId": each, "Success": self._state.remediations.delete(each)}
            for each in call.listed("RemediationIds")
        ]
        return {"RemediationDeleteResults": results}

    def _described(self, remediation: Remediation) -> dict[str, Any]:
        return {
            "AccountId": int(self._core.account_id),
            "ConfigRuleId": remediation.rule_id,
            "InvokeType": remediation.invoked,
            "RemediationId": remediation.id,
            "RemediationOriginParams": remediation.params,
            "RemediationSourceType": remediation.source,
            "RemediationTemplateId": remediation.template,
            "RemediationType": remediation.kind,
        }
