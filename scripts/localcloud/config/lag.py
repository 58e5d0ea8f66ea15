"""Rules that were made or deleted a moment ago, which not every read shows as they are.

Alibaba Cloud makes and deletes them asynchronously: its own Terraform provider waits for it.
"""

from ..rewinding import Rewindable
from .rules import Rule


class Lag(Rewindable):
    """How many more reads miss a new rule, and how many still show a deleted one.

    `reads` is for every rule (0: each shows at once), `once` for the next one alone. A name is not
    free before its deleted rule has gone.
    """

    def __init__(self) -> None:
        self.reads = 2
        self.once = 0
        self._new: dict[str, int] = {}
        self._deleted: dict[str, Rule] = {}
        self._left: dict[str, int] = {}

    def made(self, rule_id: str) -> None:
        """A rule was made."""
        if reads := self._ordered():
            self._new[rule_id] = reads

    def deleted(self, rule: Rule) -> None:
        """A rule was deleted."""
        if reads := self._ordered():
            self._deleted[rule.id] = rule
            self._left[rule.id] = reads

    def forget(self, rule_id: str) -> None:
        """A rule is no more that may have been new."""
        self._new.pop(rule_id, None)

    def end(self) -> None:
        """All shows as it is from now on, as when minutes have passed."""
        for waiting in (self._new, self._deleted, self._left):
            waiting.clear()

    def hides(self, rule_id: str) -> bool:
        """Whether this read misses a new rule."""
        return _counted(self._new, rule_id)

    def still_shows(self, rule_id: str) -> Rule | None:
        """The deleted rule, if this read still shows it."""
        return self._deleted[rule_id] if _counted(self._left, rule_id) else None

    def gone(self) -> list[Rule]:
        """All deleted rules that this read still shows."""
        found = [self.still_shows(rule_id) for rule_id in list(self._left)]
        return [rule for rule in found if rule]

    def keeps(self, name: str) -> bool:
        """Whether a rule of that name is still being deleted; no read is counted."""
        return any(self._deleted[rule_id].name == name for rule_id in self._left)

    def _ordered(self) -> int:
        reads, self.once = self.once or self.reads, 0
        return reads


def _counted(left: dict[str, int], rule_id: str) -> bool:
    reads = left.pop(rule_id, 0)
    if reads > 1:
        left[rule_id] = reads - 1
    return reads > 0
