"""Cloud Config's own remediations: at most one a rule."""

import secrets
from dataclasses import dataclass, replace

from ..rewinding import Rewindable
from .errors import RemediationExistsError


@dataclass(frozen=True)
class Remediation:
    """Cloud Config's own answer to what a rule finds: a `kind` (OOS, FC) and its template.

    The id is given by the state that takes it in.
    """

    rule_id: str
    kind: str
    template: str
    invoked: str
    source: str
    params: str
    id: str = ""


class Remediations(Rewindable):
    """Those on record, by the rule's id; nothing acts on them here."""

    def __init__(self) -> None:
        self._of: dict[str, Remediation] = {}

    def all(self) -> list[Remediation]:
        """All of them, oldest first."""
        return list(self._of.values())

    def has(self, rule_id: str) -> bool:
        """Whether a rule has one."""
        return rule_id in self._of

    def create(self, remediation: Remediation) -> Remediation:
        """Take a new one in, and give it an id; raises RemediationExistsError."""
        if self.has(remediation.rule_id):
            raise RemediationExistsError(remediation.rule_id)
        remediation = replace(remediation, id=f"crr-{secrets.token_hex(10)}")
        self._of[remediation.rule_id] = remediation
        return remediation

    def delete(self, remediation_id: str) -> bool:
        """Forget the one of that id; False if there is no such."""
        found = [each.rule_id for each in self.all() if each.id == remediation_id]
        return any(self.forget(rule_id) for rule_id in found)

    def forget(self, rule_id: str) -> bool:
        """Forget the one of a rule; False if it has none."""
        return self._of.pop(rule_id, None) is not None
