"""The function: how it is read, made, changed and taken away; by way of Function Compute."""

from collections.abc import Iterable

from scripts.account import mark
from scripts.account.async_config import DELETE_ASYNC
from scripts.account.clients import Clients
from scripts.account.compute import compute
from scripts.account.compute.port import Change, ChangedError, Fields, LiveFunction
from scripts.account.just_made import JustMade
from scripts.account.package import checksum
from scripts.account.permission import Permission
from scripts.account.resource import Difference, State, Thing, compare
from scripts.declared import Spec

# Their own pages know no resource to name. Page "Policies and sample policies" knows one for each
# action of Function Compute: on all of them neither is refused, so that all are declared so.
GET = Permission("fc:GetFunction")
UPDATE = Permission("fc:UpdateFunction")
LIST_FUNCTIONS = Permission("fc:ListFunctions")
LIST_TRIGGERS = Permission("fc:ListTriggers")


class Function(Thing):
    """The function; `code` is the zip that it is to run. It is known by its description."""

    kind = "function"
    READING = (GET,)
    MAKING = (Permission("fc:CreateFunction"), UPDATE)
    REMOVING = (GET, LIST_TRIGGERS, DELETE_ASYNC, Permission("fc:DeleteFunction"))

    def __init__(self, spec: Spec, clients: Clients, code: bytes = b"") -> None:
        self.name = spec.function_in_cloud
        self._wanted = spec.function
        self._code = code
        self._trigger = spec.trigger.name
        self._compute = compute(spec, clients)
        self._seen: LiveFunction | None = None

    def live(self) -> State | None:
        """What is live, the code by its checksum; None if it is not there."""
        self._seen = found = self._read()
        if found is None:
            return None
        declared = self._wanted.environment
        # A variable that nobody declared may be a secret: it is told of, its value is not.
        environment = {
            name: value if name in declared else "(a value)"
            for name, value in found.environment.items()
        }
        return _state(found.fields, environment, found.checksum)

    def declared(self) -> State:
        """What s.yaml declares, by the same fields."""
        environment = dict(self._wanted.environment)
        return _state(self._compute.declared(), environment, checksum(self._code))

    def create(self) -> None:
        """Make it."""
        self._compute.create_function(self._code)

    def rests_on(self) -> Iterable[JustMade]:
        """Whatever its making names."""
        return self._compute.rests_on()

    def change(self, differences: tuple[Difference, ...]) -> None:
        """Bring it to what is declared, with new code only where that differs.

        What s.yaml leaves alone is set back to its default.
        """
        fields = {each.field for each in differences}
        code = self._code if "code" in fields else None
        seen = self._seen or self._read()
        if seen is None:
            return self.create()
        try:
            self._compute.update_function(seen, Change(declared=True, code=code, reset=fields))
        except ChangedError:  # which is as well where another run brought just that
            if compare(self.live() or {}, self.declared()):
                raise

    def stays(self) -> str:
        """It is described otherwise, or others call it too."""
        if not self.ours():
            return mark.NOT_AS_DESCRIBED
        others = [each.name for each in self._compute.triggers() if each.name != self._trigger]
        return f"others call it by the trigger {', '.join(others)}" if others else ""

    def ours(self) -> bool:
        """Whether it is there, and described as in the spec."""
        found = self._read()
        return found is not None and found.description == self._wanted.description

    def delete(self) -> None:
        """Take it away, with its asynchronous configuration."""
        self._compute.delete_async()
        self._compute.delete_function()

    def _read(self) -> LiveFunction | None:
        return self._compute.function()


def _state(fields: Fields, environment: dict[str, str], code: str) -> State:
    return {
        **fields.told,
        **{f"environmentVariables.{name}": value for name, value in environment.items()},
        "code": code,
        **fields.settings,
    }
