"""The function's asynchronous configuration: retries, and where goes what failed."""

from scripts.account.clients import Clients
from scripts.account.compute import compute
from scripts.account.permission import Permission
from scripts.account.resource import Difference, State
from scripts.declared import AsyncConfig, Spec

LIST_ASYNC = Permission("fc:ListFunctionAsyncInvokeConfigs")
DELETE_ASYNC = Permission("fc:DeleteFunctionAsyncInvokeConfig")


class AsyncInvokeConfig:
    """The function's asynchronous configuration."""

    kind = "async configuration"
    READING = (Permission("fc:GetFunctionAsyncInvokeConfig"),)
    MAKING = (Permission("fc:PutFunctionAsyncInvokeConfig"),)

    def __init__(self, spec: Spec, wanted: AsyncConfig, clients: Clients) -> None:
        self.name = spec.function_in_cloud
        self._wanted = wanted
        self._compute = compute(spec, clients)

    def live(self) -> State | None:
        """What is live; None if there is none."""
        found = self._compute.async_config()
        return found and {
            "maxAsyncRetryAttempts": str(found.retries),
            "maxAsyncEventAgeInSeconds": str(found.max_age),
            "destination.onFailure": found.on_failure,
            "destination.onSuccess": found.on_success,
            self._compute.tracking: "true" if found.tracked else "false",
        }

    def declared(self) -> State:
        """What s.yaml declares, by the same fields."""
        return {
            "maxAsyncRetryAttempts": str(self._wanted.retries),
            "maxAsyncEventAgeInSeconds": str(self._wanted.max_age),
            "destination.onFailure": self._wanted.failure_destination,
            "destination.onSuccess": "",
            self._compute.tracking: "false",
        }

    def create(self) -> None:
        """Make it."""
        self._compute.put_async(self._wanted)

    def change(self, differences: tuple[Difference, ...]) -> None:  # noqa: ARG002  (put replaces all)
        """Bring it to what is declared."""
        self.create()
