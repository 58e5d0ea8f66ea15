"""What keeps the live function from closing anything, if something does."""

from typing import NamedTuple

from resource_repair.settings import Settings
from resource_repair.values import REPORT
from scripts.account.deployed_function import Pause


class Brake(NamedTuple):
    """Why nothing is closed, as what the function *is*, and what is to be done to change that."""

    why: str
    mend: str


UNDEPLOYED = Brake("not deployed", "resource-repair apply, or s deploy")


def brake(settings: Settings, pause: Pause | None) -> Brake | None:
    """What holds a function back that has these settings, and that pause; or None."""
    if pause:
        return Brake(str(pause), "resource-repair resume")
    if settings.problems:
        return Brake(f"misconfigured ({'; '.join(settings.problems)})", "resource-repair doctor")
    if settings.mode == REPORT:
        return Brake("only reporting, in mode report", "set mode: enforce in s.yaml, and deploy")
    return None
