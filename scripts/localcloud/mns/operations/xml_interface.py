"""What the operations of MNS's XML interface do."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import cast
from xml.etree import ElementTree as ET

from ...http import Request, Response
from ...service import ApiError, Core
from .. import xml
from ..attributes import (
    notify_strategy,
    number,
    priority,
    queue_attributes,
    subscription_attributes,
    topic_attributes,
)
from ..descriptions import (
    Description,
    describe_queue,
    describe_subscription,
    describe_topic,
)
from ..errors import ReceiptHandleError, as_api_error, invalid_argument
from ..queue import NewMessage, QueueAttributes, QueuedMessage, body_md5
from ..state import MnsState
from ..topic import TopicAttributes

_LONGEST_PAGE = 1000


@dataclass(frozen=True)
class Call:
    """One authorized request; `names` are those in its path."""

    request: Request
    names: Mapping[str, str]

    @property
    def queue(self) -> str:
        """The queue's name."""
        return self.names["queue"]

    @property
    def topic(self) -> str:
        """The topic's name."""
        return self.names["topic"]

    @property
    def subscription(self) -> str:
        """The subscription's name."""
        return self.names["subscription"]

    @cached_property
    def params(self) -> dict[str, str]:
        """The query, by lower-case names: clients differ."""
        return {name.lower(): value for name, value in self.request.params.items()}

    @cached_property
    def body(self) -> ET.Element:
        """The body's root element; raises ApiError for what is not XML."""
        return xml.parse(self.request.body)

    @cached_property
    def fields(self) -> dict[str, str]:
        """The texts of the body's elements."""
        return xml.fields(self.body)

    def url(self, path: str = "") -> str:
        """The absolute URL of `path`, of what the request is about by default."""
        return f"http://{self.request.headers.get('Host')}{path or self.request.path}"

    def created(self, *, new: bool) -> Response:
        """The answer to a creation; "no content" if there was just such a one already."""
        return Response(201 if new else 204, headers={"Location": self.url()})


class Operations:
    """One method an operation."""

    def __init__(self, core: Core, state: MnsState) -> None:
        self._account_id = core.account_id
        self._state = state

    def perform(self, name: str, call: Call) -> Response:
        """Carry out the operation that its row calls `name`; raises MnsError, ApiError."""
        method = getattr(self, re.sub(r"(?=[A-Z])", "_", name).lower())
        return cast("Response", method(call))

    # Queues

    def _list_queue(self, call: Call) -> Response:
        names, extra = _page(self._state.queues(), call.request)
        queues = [self._listed_queue(call, name) for name in names]
        return xml.listing(200, "Queues", "Queue", queues, extra)

    def _listed_queue(self, call: Call, name: str) -> Description:
        url: Description = {"QueueURL": call.url(f"/queues/{name}")}
        return url | describe_queue(self._state, name) if _with_meta(call) else url

    def _create_queue(self, call: Call) -> Response:
        attributes = queue_attributes(call.fields, QueueAttributes())
        return call.created(new=self._state.create_queue(call.queue, attributes=attributes))

    def _set_queue_attributes(self, call: Call) -> Response:
        now, _ = self._state.queue(call.queue)
        self._state.set_queue(call.queue, queue_attributes(call.fields, now.attributes))
        return Response(204)

    def _get_queue_attributes(self, call: Call) -> Response:
        return xml.answer(200, "Queue", describe_queue(self._state, call.queue))

    def _delete_queue(self, call: Call) -> Response:
        self._state.delete_queue(call.queue)
        return Response(204)

    # Messages

    def _send_message(self, call: Call) -> Response:
        [sent] = self._send(call, [call.body])
        return xml.answer(201, "Message", sent)

    def _batch_send_message(self, call: Call) -> Response:
        return xml.listing(201, "Messages", "Message", self._send(call, _several(call)), {})

    def _send(self, call: Call, messages: Sequence[ET.Element]) -> list[Description]:
        """Put messages into the queue, all or none.

        Guessed: that a batch with one message that cannot be sent is refused wholly.
        """
        queue, _ = self._state.queue(call.queue)
        delay = queue.attributes.delay_seconds
        new = [_new_message(message, delay) for message in messages]
        return [
            {"MessageId": message.id, "MessageBodyMD5": message.md5}
            for message in self._state.send_all(call.queue, new)
        ]

    def _receive_message(self, call: Call) -> Response:
        queue, _ = self._state.queue(call.queue)
        given = {"WaitSeconds": call.params.get("waitseconds", "")}
        wait = number(given, "WaitSeconds", queue.attributes.polling_wait_seconds)
        received = self._state.receive(call.queue, count=_batch_size(call), wait=wait)
        return _one_or_batch(call, [_received(message) for message in received])

    def _peek_message(self, call: Call) -> Response:
        found = self._state.peek(call.queue, count=_batch_size(call))
        return _one_or_batch(call, [_peeked(message) for message in found])

    def _delete_message(self, call: Call) -> Response:
        self._state.delete_message(call.queue, _receipt_handle(call))
        return Response(204)

    def _batch_delete_message(self, call: Call) -> Response:
        """Page "BatchDeleteMessage": 204 only if all are deleted. Guessed: 404 if not."""
        errors = []
        for handle in [element.text or "" for element in _several(call)]:
            try:
                self._state.delete_message(call.queue, handle)
            except ReceiptHandleError as error:
                refused = as_api_error(error)
                errors.append({"ErrorCode": refused.code, "ErrorMessage": refused.message})
                errors[-1]["ReceiptHandle"] = handle
        return xml.listing(404, "Errors", "Error", errors, {}) if errors else Response(204)

    def _change_message_visibility(self, call: Call) -> Response:
        handle = _receipt_handle(call)
        text = call.params.get("visibilitytimeout", "")
        if not text:
            raise ApiError(400, "MissingVisibilityTimeout", "VisibilityTimeout is required.")
        timeout = number({"VisibilityTimeout": text}, "VisibilityTimeout", 0)
        changed = self._state.change_visibility(call.queue, handle, timeout)
        content = {
            "ReceiptHandle": changed.receipt_handle,
            "NextVisibleTime": _milliseconds(changed.visible_at),
        }
        return xml.answer(200, "ChangeVisibility", content)

    # Topics and subscriptions

    def _list_topic(self, call: Call) -> Response:
        names, extra = _page(self._state.topics(), call.request)
        topics = [self._listed_topic(call, name) for name in names]
        return xml.listing(200, "Topics", "Topic", topics, extra)

    def _listed_topic(self, call: Call, name: str) -> Description:
        url: Description = {"TopicURL": call.url(f"/topics/{name}")}
        return url | describe_topic(self._state, name) if _with_meta(call) else url

    def _create_topic(self, call: Call) -> Response:
        attributes = topic_attributes(call.fields, TopicAttributes())
        if new := self._state.create_topic(call.topic, attributes):
            self._state.begin_to_spread(call.topic)
        return call.created(new=new)

    def _set_topic_attributes(self, call: Call) -> Response:
        now = self._state.topic(call.topic).attributes
        self._state.set_topic(call.topic, topic_attributes(call.fields, now))
        return Response(204)

    def _get_topic_attributes(self, call: Call) -> Response:
        return xml.answer(200, "Topic", describe_topic(self._state, call.topic))

    def _delete_topic(self, call: Call) -> Response:
        self._state.delete_topic(call.topic)
        return Response(204)

    def _publish_message(self, call: Call) -> Response:
        body = _message_body(call.fields)
        message_id = self._state.publish(
            call.topic,
            body,
            tag=call.fields.get("MessageTag", ""),
            attributes=_message_attributes(call.body),
        )
        content = {"MessageId": message_id, "MessageBodyMD5": body_md5(body)}
        return xml.answer(201, "Message", content)

    def _list_subscription_by_topic(self, call: Call) -> Response:
        names, extra = _page(sorted(self._state.topic(call.topic).subscriptions), call.request)
        subscriptions = [
            {"SubscriptionURL": call.url(f"/topics/{call.topic}/subscriptions/{name}")}
            for name in names
        ]
        return xml.listing(200, "Subscriptions", "Subscription", subscriptions, extra)

    def _subscribe(self, call: Call) -> Response:
        given = subscription_attributes(
            endpoint=call.fields.get("Endpoint", ""),
            strategy=call.fields.get("NotifyStrategy", ""),
            content_format=call.fields.get("NotifyContentFormat", ""),
            filter_tag=call.fields.get("FilterTag", ""),
        )
        return call.created(new=self._state.register(call.topic, call.subscription, **given))

    def _set_subscription_attributes(self, call: Call) -> Response:
        now = self._state.subscription(call.topic, call.subscription).strategy
        strategy = notify_strategy(call.fields.get("NotifyStrategy", ""), now)
        self._state.set_subscription(call.topic, call.subscription, strategy)
        return Response(204)

    def _get_subscription_attributes(self, call: Call) -> Response:
        found = self._state.subscription(call.topic, call.subscription)
        return xml.answer(200, "Subscription", describe_subscription(self._account_id, found))

    def _unsubscribe(self, call: Call) -> Response:
        self._state.unsubscribe(call.topic, call.subscription)
        return Response(204)


def _page(names: list[str], request: Request) -> tuple[list[str], Description]:
    """The part of the sorted `names` that a list request asks for, and where the next begins."""
    headers = request.headers
    size = number(headers, "x-mns-ret-number", _LONGEST_PAGE)
    wanted = [
        name
        for name in names
        if name.startswith(headers.get("x-mns-prefix")) and name >= headers.get("x-mns-marker")
    ]
    return wanted[:size], {"NextMarker": wanted[size]} if len(wanted) > size else {}


def _with_meta(call: Call) -> bool:
    return call.request.headers.get("x-mns-with-meta") == "true"


def _message_body(fields: Mapping[str, str]) -> str:
    body = fields.get("MessageBody", "")
    if not body:
        raise invalid_argument("The value of MessageBody should not be empty.")
    return body


def _several(call: Call) -> list[ET.Element]:
    """The messages or handles of a batch: at most 16 (page "Limits")."""
    given = list(call.body)
    number({"NumOfMessages": str(len(given))}, "NumOfMessages", 0)
    return given


def _new_message(message: ET.Element, delay: int) -> NewMessage:
    given = xml.fields(message)
    return NewMessage(
        _message_body(given),
        number(given, "DelaySeconds", delay),
        priority(given),
        _properties(message),
    )


def _message_attributes(message: ET.Element) -> dict[str, str]:
    """The old form (MessageAttributes) and the new one (UserProperties), as names and texts."""
    old = xml.child(message, "MessageAttributes")
    return {
        **(xml.fields(old) if old is not None else {}),
        **{given.get("Name", ""): given.get("Value", "") for given in _properties(message)},
    }


def _properties(message: ET.Element) -> tuple[dict[str, str], ...]:
    """Name, Value and Type of each of a message's UserProperties."""
    given = xml.child(message, "UserProperties")
    return tuple(xml.fields(value) for value in given) if given is not None else ()


def _received(message: QueuedMessage) -> dict[str, object]:
    return {
        **_peeked(message),
        "ReceiptHandle": message.receipt_handle,
        "NextVisibleTime": _milliseconds(message.visible_at),
    }


def _peeked(message: QueuedMessage) -> dict[str, object]:
    return {
        "MessageId": message.id,
        "MessageBodyMD5": message.md5,
        "MessageBody": message.body,
        "EnqueueTime": _milliseconds(message.enqueued_at),
        "FirstDequeueTime": _milliseconds(message.first_dequeued_at or message.enqueued_at),
        "DequeueCount": message.dequeue_count,
        "Priority": message.priority,
        **({"UserProperties": message.properties} if message.properties else {}),
    }


def _batch_size(call: Call) -> int:
    given = {"NumOfMessages": call.params.get("numofmessages", "")}
    return number(given, "NumOfMessages", 1)


def _one_or_batch(call: Call, messages: list[dict[str, object]]) -> Response:
    if not messages:
        raise ApiError(404, "MessageNotExist", "Message not exist.")
    if "numofmessages" in call.params:
        return xml.listing(200, "Messages", "Message", messages, {})
    return xml.answer(200, "Message", messages[0])


def _receipt_handle(call: Call) -> str:
    handle = call.params.get("receipthandle", "")
    if not handle:
        raise ApiError(400, "MissingReceiptHandle", "ReceiptHandle is required.")
    return handle


def _milliseconds(seconds: float) -> int:
    return int(seconds * 1000)
