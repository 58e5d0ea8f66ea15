"""How Cloud Config reads its parameters."""

from collections.abc import Iterable

from scripts.localcloud.pop import Call
from scripts.localcloud.service import ApiError

_ABSENT = ("", "{}", "[]", "false")


class ConfigCall(Call):
    """A call with Cloud Config's own codes for bad parameters. Page "PutDeliveryChannel"."""

    def missing(self, name: str) -> ApiError:
        """`Invalid.<Name>.Empty`."""
        return ApiError(400, f"Invalid.{name}.Empty", f"You must specify {name}.")

    def invalid(self, name: str, why: str) -> ApiError:
        """`Invalid.<Name>.Value`."""
        return ApiError(400, f"Invalid.{name}.Value", f"The specified {name} is invalid: {why}.")


def refuse_others(call: Call, names: Iterable[str]) -> None:
    """Refuse what the real service honours and this one would have to ignore in silence."""
    for name in names:
        if call.params.get(name, "").lower() not in _ABSENT:
            raise call.invalid(name, "the local cloud does not know this parameter")
