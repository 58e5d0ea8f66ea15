"""STS on the wire (2015-04-01), over RAM's state."""

from ..pop import PopService, rpc
from ..ram.state import RamState
from ..service import Core
from .operations import Operations, StsCall


class StsService(PopService):
    """STS as `alibabacloud_sts20150401` calls it."""

    name = "sts"
    version = "2015-04-01"
    call_type = StsCall
    table = (
        rpc("GetCallerIdentity", resources=()),
        rpc(
            "AssumeRole",
            "RoleArn RoleSessionName DurationSeconds",
            subject="RoleArn",
            resources=("{RoleArn}",),
            guesses=("the status with which it refuses the account itself",),
        ),
    )

    def __init__(self, core: Core, state: RamState) -> None:
        super().__init__(core, state, Operations(state))
