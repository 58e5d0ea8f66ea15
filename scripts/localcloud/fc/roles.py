"""The RAM roles that Function Compute assumes, and those with which others invoke functions."""

import threading

from ..ram import policies
from ..ram.state import Credentials, Principal, RamState, Role
from ..rewinding import Rewindable
from ..service import Core
from .errors import FcError

FUNCTION_COMPUTE = "fc.aliyuncs.com"
MNS = "mns.aliyuncs.com"

# Page "Grant Function Compute permissions to access other services": keys are valid for 36 hours.
_LIFETIME = 36 * 3600
# Guessed: an hour before they end, invocations get new ones.
_MARGIN = 3600


class Roles(Rewindable):
    """Who may assume which role, and the temporary credentials that were so obtained."""

    def __init__(self, core: Core, ram: RamState) -> None:
        self._core = core
        self._ram = ram
        self._lock = threading.Lock()
        self._issued: dict[tuple[str, str], Credentials] = {}

    def credentials(self, role_arn: str, *, fresh: bool = False) -> Credentials:
        """Credentials of a service's role, which nobody had before if `fresh`; empty for no role.

        Raises FcError when there is no such role or it does not trust Function Compute.
        """
        if not role_arn:
            return Credentials("", "")
        role = self._assumable(role_arn, FUNCTION_COMPUTE)
        key = (role.name, role.role_id)  # one made anew under the same name is another
        with self._lock:
            known = self._issued.get(key)
        if (
            not fresh
            and known
            and known.expires_at
            and known.expires_at - self._core.clock.now() > _MARGIN
        ):
            return known
        issued = self._ram.assume(role.name, "fc", lifetime=_LIFETIME)
        with self._lock:
            self._issued[key] = issued
        return issued

    def check(self, role_arn: str, service: str, action: str, resource: str) -> None:
        """Raises FcError unless `service`, in this role, may do `action` on a resource's ARN."""
        role = self._assumable(role_arn, service)
        principal = Principal(self._core.account_id, self._ram.arn(role.name), role.name)
        if not self._ram.authorized(principal, action, resource):
            raise _denied(f"role '{role.name}' is not allowed {action} on {resource}")

    def see(self, role_arn: str) -> None:
        """Raises FcError for a role that was made so shortly ago that it is not seen yet.

        No page tells it; Alibaba Cloud's Terraform provider tries CreateService and CreateTrigger
        again for minutes on such a refusal. Guessed: its words, and that a role which is not there
        is taken, as a bare name is: no call fails on it but the invocation.
        """
        role = self._ram.role_by_arn(role_arn)
        if role is not None and self._core.spreading.misses(self._ram.arn(role.name)):
            raise _denied(f"the role '{role_arn}' cannot be assumed")

    def _assumable(self, role_arn: str, service: str) -> Role:
        role = self._ram.role_by_arn(role_arn)
        if role is None:
            raise _denied(f"role '{role_arn}' does not exist")
        if not policies.trusts(role.trust, service):
            raise _denied(f"role '{role.name}' does not trust {service}")
        return role


def _denied(message: str) -> FcError:
    # Guessed: this code. That an invocation fails whose role cannot be assumed is documented.
    return FcError("AccessDenied", message)
