"""What each operation does: functions by the operation's name, `PutBucketAcl` as put_bucket_acl.

Each takes a Call and returns an answer; it raises ApiError or RefusedError to refuse.
"""

import re
from collections.abc import Callable

from ...http import Response
from ..access import Call
from . import account, buckets, listing, objects, settings

Operation = Callable[[Call], Response]

MODULES = (account, buckets, settings, objects, listing)


def named(name: str) -> Operation:
    """The function for an operation of the table."""
    function = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
    (found,) = [getattr(module, function) for module in MODULES if hasattr(module, function)]
    operation: Operation = found
    return operation
