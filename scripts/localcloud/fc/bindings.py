"""Which VPCs services are bound to: kept on record. Calls from elsewhere are not refused here."""

import threading
from collections import defaultdict

from ..rewinding import Rewindable
from .errors import FcError, invalid


class VpcBindings(Rewindable):
    """The VPCs' ids by the name of the service; whether there is such a service others know."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._bound: dict[str, list[str]] = defaultdict(list)

    def of(self, service: str) -> list[str]:
        """The VPCs that a service is bound to."""
        with self._lock:
            return list(self._bound[service])

    def bind(self, service: str, vpc_id: str) -> None:
        """Bind a service to a VPC too. Raises FcError."""
        if not vpc_id:
            raise invalid("vpcId must not be empty")
        with self._lock:
            if vpc_id not in self._bound[service]:
                self._bound[service].append(vpc_id)

    def unbind(self, service: str, vpc_id: str) -> None:
        """End a binding. Raises FcError."""
        with self._lock:
            if vpc_id not in self._bound[service]:
                raise FcError("VpcBindingNotFound", f"'{service}' is not bound to '{vpc_id}'")
            self._bound[service].remove(vpc_id)

    def forget(self, service: str) -> None:
        """End all bindings of a service, which goes."""
        with self._lock:
            self._bound.pop(service, None)
