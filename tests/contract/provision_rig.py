"""Names that the operator's tests still import from here; they are those of tests/account.py."""

from pathlib import Path
from typing import Any

from scripts.account.clients import Clients
from scripts.declared import Spec
from scripts.localcloud import LocalCloud
from tests import account
from tests.account import QUEUE, ROLE, TOPIC

__all__ = ["QUEUE", "ROLE", "TOPIC", "Account"]


class Account:
    """An account as `operator_rig` asks for it."""

    def __init__(self, cloud: LocalCloud, folder: Path) -> None:
        self._known = account.Account(cloud, folder)
        self.path, self.env = self._known.path, self._known.env
        self.project, self.topic_arn = self._known.log_project, self._known.topic_arn

    def clients(self) -> Clients:
        """The SDK clients of the account's owner."""
        return self._known.clients

    def spec(self) -> Spec:
        """The spec, with the rule's id from .env."""
        return self._known.spec

    def state(self) -> dict[str, Any]:
        """What is in the account."""
        return self._known.state()

    def writes(self) -> list[str]:
        """The operations that changed something, or tried to."""
        return [entry.action for entry in self._known.writes()]
