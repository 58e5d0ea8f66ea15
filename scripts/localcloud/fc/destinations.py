"""Where the result of an asynchronous invocation goes: page "Destinations for asynchronous
invocations"."""

import json
import re
from typing import Any, NamedTuple

from ..mns.errors import MnsError
from ..mns.state import MnsState
from .errors import FcError, invalid
from .roles import FUNCTION_COMPUTE, Roles

_ARN = re.compile(r"acs:mns:[\w-]*:\d*:/(queues|topics)/([\w-]+)(?:/messages)?")
_LIMIT = 64 * 1024


class Destination(NamedTuple):
    """An MNS queue or topic."""

    kind: str
    name: str


def parse(arn: str) -> Destination:
    """The queue or topic that `acs:mns:<region>:<account>:/queues/<queue>/messages` names.

    Raises FcError for other destinations: Function Compute has more (functions, EventBridge,
    RocketMQ), the local cloud has these.
    """
    found = _ARN.fullmatch(arn)
    if found is None:
        raise invalid(f"destination must be an MNS queue's or topic's ARN here, not '{arn}'")
    return Destination(found[1], found[2])


class Outcome(NamedTuple):
    """What became of an asynchronous invocation, at its end."""

    request_id: str
    service: str
    function: str
    event: bytes
    submitted_at: float
    runs: int
    error_type: str
    status: int
    body: bytes
    place: str = ":"  # region and account

    def envelope(self) -> dict[str, Any]:
        """The message for the destination, as Alibaba Cloud's own sample application shows it.

        Guessed: the condition of a success, that the time is in milliseconds, and the ARN of a
        function without a service (its form is that of the page "Policies and sample policies").
        """
        arn = f"acs:fc:::services/{self.service}.LATEST/functions/{self.function}"
        if not self.service:
            arn = f"acs:fc:{self.place}:functions/{self.function}/LATEST"
        return {
            "timestamp": round(self.submitted_at * 1000),
            "requestContext": {
                "requestId": self.request_id,
                "functionArn": arn,
                "condition": self.error_type,
                "approximateInvokeCount": self.runs,
            },
            "requestPayload": self.event.decode(errors="replace"),
            "responseContext": {"statusCode": self.status, "functionError": self.error_type},
            "responsePayload": self.body.decode(errors="replace"),
        }


class Destinations:
    """Delivers outcomes to MNS, as far as the service's role may."""

    def __init__(self, roles: Roles, mns: MnsState) -> None:
        self._roles = roles
        self._mns = mns

    def deliver(self, arn: str, role_arn: str, outcome: Outcome) -> str:
        """Send an outcome to a destination; why it could not be delivered, or nothing."""
        message = json.dumps(outcome.envelope(), ensure_ascii=False)
        if len(message.encode()) > _LIMIT:
            return f"the message exceeds {_LIMIT // 1024} KB"
        destination = parse(arn)
        queue = destination.kind == "queues"
        action = "mns:SendMessage" if queue else "mns:PublishMessage"
        try:
            self._roles.check(role_arn, FUNCTION_COMPUTE, action, arn)
            if queue:
                self._mns.send(destination.name, message)
            else:
                self._mns.publish(destination.name, message)
        except FcError as error:
            return error.message
        except MnsError as error:
            return f"MNS refused: {type(error).__name__}: {error}"
        return ""
