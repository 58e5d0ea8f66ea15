"""What is done to a running cloud from outside, over HTTP: look at it, reset it, spoil its day.

    GET    /_local/health               whether it is up, and where its services are
    POST   /_local/reset                everything is as it was at the start
    GET    /_local/journal              what happened; ?service=, &action=, &subject=, &last=<n>
    GET    /_local/faults               those ordered and not used up
    POST   /_local/faults               {"operation": "oss:PutBucketAcl", "fail": {"status": 503,
                                        "code": "ServiceUnavailable"}, "times": 2}
    DELETE /_local/faults               none is left
    POST   /_local/clock                {"advance": 3600}

Nothing here asks for a key, so it listens on loopback, unless its user names another address.
"""

import functools
import ipaddress
import json
import threading
from collections.abc import Callable, Mapping
from typing import Any

from .cloud import LocalCloud
from .coverage import covered
from .faults import LAGGING, Drop, Fail, Fault, Lag, Order, Stall
from .http import LOOPBACK, Listener, Request, Response
from .journal import Entry

_FAULTS: Mapping[str, Callable[..., Fault]] = {
    "fail": Fail, "stall": Stall, "drop": Drop, "lag": Lag
}  # fmt: skip
_JSON = {"Content-Type": "application/json"}
_KINDS = {"status": int, "code": str, "message": str, "fields": dict, "seconds": (int, float),
          "applied": bool, "reads": int}  # fmt: skip
_BOUNDS = {"status": (300, 599), "times": (1, 10**6), "reads": (1, 10**6), "seconds": (0, 86400)}
_FURTHEST = 10 * 365 * 86400  # years of which dates can still be told


class Control:
    """A listener for one cloud: `with Control(cloud) as control:`, once the cloud is served.

    What the cloud holds on entry is what a reset goes back to.
    """

    def __init__(self, cloud: LocalCloud, port: int = 0, host: str = LOOPBACK) -> None:
        self._cloud = cloud
        self._listener = Listener(self, port, host)
        self._at_loopback = _is_loopback(host)
        self._lock = threading.Lock()
        self.url = self._listener.url

    def __enter__(self) -> "Control":
        self._start = self._cloud.snapshot()
        self._listener.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.stop()

    def handle(self, request: Request) -> Response:
        """Answer one request in JSON; what is not understood with 400 to 404 and the reason."""
        if self._is_of_a_web_page(request):
            return _answer(403, {"error": "web pages may not control a local cloud"})
        calls: Mapping[tuple[str, str], Callable[[Request], object]] = {
            ("GET", "/_local/health"): self._health,
            ("POST", "/_local/reset"): self._reset,
            ("GET", "/_local/journal"): self._journal,
            ("GET", "/_local/faults"): self._faults,
            ("POST", "/_local/faults"): self._order,
            ("DELETE", "/_local/faults"): self._clear,
            ("POST", "/_local/clock"): self._advance,
        }
        call = calls.get((request.method, request.path))
        if call is None:
            known = ", ".join(" ".join(each) for each in calls)
            return _answer(404, {"error": f"no {request.method} {request.path}; known: {known}"})
        try:
            return _answer(200, call(request))
        except ValueError as error:
            return _answer(400, {"error": str(error)})
        except RuntimeError as error:
            return _answer(500, {"error": str(error)})

    def _is_of_a_web_page(self, request: Request) -> bool:
        """Whether a browser sends it for a page: such has an origin, or a name that leads here."""
        if request.headers.get("Origin"):
            return True
        host = request.headers.get("Host").rpartition(":")[0] or request.headers.get("Host")
        return self._at_loopback and not _is_loopback(host)

    def _health(self, _: Request) -> object:
        cloud = self._cloud
        endpoints = cloud.endpoints._asdict()
        return {"up": True, "account": cloud.account_id, "region": cloud.region, **endpoints}

    def _reset(self, _: Request) -> object:
        with self._lock:
            self._cloud.rollback(self._start)
        return {"reset": True}

    def _journal(self, request: Request) -> object:
        asked = request.params
        last = asked.pop("last", "0")
        if not last.isdecimal() or not asked.keys() <= {"service", "action", "subject"}:
            raise ValueError("a journal is asked for by service, action, subject and last=<number>")
        entries = self._cloud.journal.entries(
            *(asked.get(name, "") for name in ("service", "action", "subject"))
        )
        return {"entries": [_told(entry) for entry in entries[-int(last) :]]}

    def _faults(self, _: Request) -> object:
        return {"faults": [_ordered(order) for order in self._cloud.faults.orders()]}

    def _order(self, request: Request) -> object:
        body = _document(request)
        kinds = [name for name in body if name in _FAULTS]
        if len(kinds) != 1 or not body.keys() <= {"operation", "subject", "times", *_FAULTS}:
            raise ValueError(
                "a fault is an operation, perhaps a subject and times, and one of "
                f"{', '.join(_FAULTS)}; this has {', '.join(body) or 'nothing'}"
            )
        kind, operation = kinds[0], _field(body, "operation", str)
        if operation not in _operations():
            raise ValueError(f"no call is of {operation!r}; one would be oss:PutBucketAcl")
        if kind == "lag" and operation not in LAGGING:
            raise ValueError(f"{operation} cannot lag; one that can is oss:PutBucketAcl")
        order = self._cloud.faults.add(
            operation,
            _fault(kind, _field(body, kind, dict)),
            subject=_field(body, "subject", str, ""),
            times=_field(body, "times", int, 1),
            may_be_unmet=True,
        )
        return _ordered(order)

    def _clear(self, _: Request) -> object:
        self._cloud.faults.clear()
        return {"faults": []}

    def _advance(self, request: Request) -> object:
        seconds = _field(_document(request), "advance", (int, float))
        if not 0 <= seconds <= _FURTHEST:
            raise ValueError(f"advance is a number of seconds, 0 to {_FURTHEST}")
        self._cloud.clock.advance(seconds)
        return {"now": self._cloud.clock.now()}


@functools.cache
def _operations() -> frozenset[str]:
    """What a fault can be ordered for."""
    return frozenset({"fc:run", *(f"{each.service}:{each.row.name}" for each in covered())})


def _fault(kind: str, given: Mapping[str, Any]) -> Fault:
    for name in given:
        _field(given, name, _KINDS.get(name, ()))
    try:
        return _FAULTS[kind](**given)
    except TypeError as error:
        raise ValueError(f"{kind}: {error}") from error


def _field(body: Mapping[str, Any], name: str, kind: Any, default: Any = None) -> Any:
    """A field of a document; raises ValueError if it is not there, or of another kind."""
    value = body.get(name, default)
    if not isinstance(value, kind):
        raise ValueError(f"{name} is not as it should be: {json.dumps(value)}")
    if name in _BOUNDS:
        least, most = _BOUNDS[name]
        if isinstance(value, bool) or not least <= value <= most:
            raise ValueError(f"{name} is {json.dumps(value)}: say a number from {least} to {most}")
    if name == "code" and not value:
        raise ValueError("code is empty: say the service's word, such as ServiceUnavailable")
    return value


def _document(request: Request) -> dict[str, Any]:
    try:
        found = json.loads(request.body)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"the body is no JSON: {error}") from error
    if not isinstance(found, dict):
        raise ValueError("the body is no JSON object")
    return found


def _told(entry: Entry) -> dict[str, object]:
    """An entry as JSON has it. Of a request method and path alone: the rest has its signature."""
    details = {name: _plain(value) for name, value in entry.details.items()}
    return {
        "at": entry.at,
        "service": entry.service,
        "action": entry.action,
        "subject": entry.subject,
        "details": details,
    }


def _plain(value: object) -> object:
    if isinstance(value, Request):
        return f"{value.method} {value.path}"
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def _ordered(order: Order) -> dict[str, object]:
    return {
        "operation": order.operation,
        "subject": order.subject,
        "fault": str(order.fault),
        "left": order.left,
        "met": order.met.is_set(),
    }


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _answer(status: int, document: object) -> Response:
    return Response(status, json.dumps(document).encode() + b"\n", dict(_JSON))
