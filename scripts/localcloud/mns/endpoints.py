"""Where the messages of a topic go, and in which form.

Pages "Endpoint", "Push messages to HTTP endpoints" (HttpEndpoint), "QueueEndpoint" and
"NotifyContentFormat". Endpoints that no HTTP server and no queue are (mail, text messages) are
taken, and so is HTTP to other machines; what they would get is put down in the journal as lost.
"""

import base64
import hashlib
import http.client
import ipaddress
import json
import re
import urllib.parse
from collections.abc import Callable, Mapping
from typing import NamedTuple
from xml.etree import ElementTree as ET

from ..pop import request_id
from .delivery import Message, OutOfReachError, Push
from .errors import EndpointInvalidError
from .xml import NAMESPACE

CONTENT_FORMATS = ("XML", "JSON", "SIMPLIFIED")

_QUEUE = re.compile(r"acs:mns:([\w-]+):(\d+):queues/([A-Za-z0-9-]+)")
_NOBODY = re.compile(r"mail:directmail:[^\s@]+@[^\s@]+|sms:directsms:(anonymous|\d+)")
_RESERVED = "/mns-reserverd-"  # so its page spells it
_TYPES = {"XML": "text/xml;charset=utf-8", "JSON": "application/json;charset=utf-8"}
_PATIENCE = 5.0  # seconds: page "How long does a push request … time out"

# The forms of page "Subscribe" (2022-01-19, read 2026-01-30) as the XML interface has them.
_BY_PUSH_TYPE = {
    "http": "{}",
    "queue": "acs:mns:{region}:{account}:queues/{}",
    "email": "mail:directmail:{}",
    "alisms": "sms:directsms:{}",
}


class Address(NamedTuple):
    """What an endpoint names: a queue of ours, or a URL; neither for those out of reach."""

    queue: str = ""
    url: str = ""


def from_push_type(push_type: str, given: str, region: str, account: str) -> str:
    """The endpoint of a management call in the form of the XML interface.

    Raises EndpointInvalidError. Guessed: that it is told so, too.
    """
    if push_type not in _BY_PUSH_TYPE:
        raise EndpointInvalidError(f"the local cloud does not know the PushType {push_type}")
    return _BY_PUSH_TYPE[push_type].format(given, region=region, account=account)


def address(endpoint: str, region: str, account: str) -> Address:
    """What `endpoint` names; raises EndpointInvalidError for what it cannot be."""
    if found := _QUEUE.fullmatch(endpoint):
        if found.groups()[:2] != (region, account):
            raise EndpointInvalidError("a queue must be in the topic's region and account")
        return Address(queue=found[3])
    if _NOBODY.fullmatch(endpoint):
        return Address()
    url = _split(endpoint)
    if url is None or url.scheme not in ("http", "https") or not url.hostname:
        raise EndpointInvalidError(
            "it must be http://…, acs:mns:<region>:<account>:queues/<queue>, mail:directmail:… or "
            f"sms:directsms:…, not {endpoint!r}"
        )
    if url.path.startswith(_RESERVED):
        raise EndpointInvalidError(f"its path must not begin with {_RESERVED}")
    return Address(url=endpoint)


def push_to(
    to: Address, told: Mapping[str, str], content_format: str, send: Callable[[str, str], object]
) -> Push:
    """What delivers there; `told` is what is said of the subscription, `send` puts into a queue."""

    def push(message: Message) -> bool:
        body = content(message, told, content_format)
        if to.queue:
            send(to.queue, body)
            return True
        if to.url:
            return post(to.url, message, body, content_format)
        raise OutOfReachError("the local cloud sends no mail and no text messages")

    return push


def content(message: Message, told: Mapping[str, str], content_format: str) -> str:
    """A message as an endpoint gets it.

    Guessed: that who subscribes is the account, and that a message without a tag has no MessageTag.
    """
    if content_format == "SIMPLIFIED":
        return message.body
    fields = {
        **told,
        "MessageId": message.id,
        "Message": message.body,
        "MessageMD5": message.md5,
        **({"MessageTag": message.tag} if message.tag else {}),
        "PublishTime": str(int(message.published_at * 1000)),
    }
    if content_format == "JSON":
        return json.dumps(fields, ensure_ascii=False)
    notification = ET.Element("Notification", xmlns=NAMESPACE)
    for name, text in fields.items():
        ET.SubElement(notification, name).text = text
    return str(ET.tostring(notification, encoding="utf-8", xml_declaration=True), "utf-8")


def post(url: str, message: Message, body: str, content_format: str) -> bool:
    """Push to an HTTP server of this machine; whether it took it, which any 2xx says.

    (So says the page of the timeout; HttpEndpoint's wants 204.)

    Raises OutOfReachError for another machine, OSError. The signature of the real MNS is left out:
    it is made with a key that nobody else has, and checked against a certificate of its own.
    """
    parts = urllib.parse.urlsplit(url)
    if not _is_here(parts.hostname or ""):
        raise OutOfReachError("the local cloud pushes to this machine alone")
    of_scheme = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}
    connection = of_scheme[parts.scheme](parts.hostname or "", parts.port, timeout=_PATIENCE)
    path = parts._replace(scheme="", netloc="", fragment="", path=parts.path or "/notifications")
    data = body.encode()
    headers = {
        "Content-Type": _TYPES.get(content_format, "text/plain;charset=utf-8"),
        "Content-MD5": base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode(),
        "x-mns-request-id": request_id(),
        "x-mns-version": "2015-06-06",
    }
    if content_format == "SIMPLIFIED":
        headers |= {"x-mns-message-id": message.id}
        headers |= {"x-mns-message-tag": message.tag} if message.tag else {}
    try:
        connection.request("POST", path.geturl(), data, headers)
        status: int = connection.getresponse().status
        return status // 100 == 2  # noqa: PLR2004  (the class of the answer)
    finally:
        connection.close()


def _split(endpoint: str) -> urllib.parse.SplitResult | None:
    """The parts of a URL, without its port's fault; None for none."""
    try:
        url = urllib.parse.urlsplit(endpoint)
        _ = url.port
    except ValueError:
        return None
    return url if re.fullmatch(r"[!-~]+", endpoint) else None


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
