"""What Log Service's operations do, found by their names in the table.

An operation takes the state and a call, gives what is answered, and raises LogError.
"""

import re
from collections.abc import Callable

from ..state import LogState
from . import alerts, logs, stores
from .call import Answer, Call

Operation = Callable[[LogState, Call], Answer]


def named(name: str) -> Operation:
    """The operation of that name; raises LookupError if nobody wrote it."""
    function = re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
    for module in (stores, logs, alerts):
        if hasattr(module, function):
            found: Operation = getattr(module, function)
            return found
    raise LookupError(name)
