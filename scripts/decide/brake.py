"""What keeps the live function from closing anything, if something does."""

from typing import NamedTuple

from resource_repair.values import REPORT
from scripts.account.deployed_function import DeployedFunction
from scripts.decide.view import Unread


class Brake(NamedTuple):
    """Why nothing is closed, as what the function *is*, and what is to be done to change that."""

    why: str
    mend: str


def brake(live: DeployedFunction | Unread | None) -> Brake | None:
    """What holds the function (None: not deployed) back; None too where that could not be read."""
    if live is None:
        return Brake("not deployed", "resource-repair apply, or s deploy")
    if isinstance(live, Unread):
        return None
    if live.pause:
        return Brake(str(live.pause), "resource-repair resume")
    if live.settings.problems:
        wrong = "; ".join(live.settings.problems)
        return Brake(f"misconfigured ({wrong})", "resource-repair doctor")
    if live.mode == REPORT:
        return Brake("only reporting, in mode report", "set mode: enforce in s.yaml, and deploy")
    return None
