"""The operations of MNS's XML interface on queues and their messages."""

from scripts.localcloud.http import Response
from scripts.localcloud.mns import xml
from scripts.localcloud.mns.attributes import number, priority, queue_attributes
from scripts.localcloud.mns.calls import Call, Perform, page
from scripts.localcloud.mns.descriptions import Description, describe_queue
from scripts.localcloud.mns.errors import invalid_argument
from scripts.localcloud.mns.queue import QueueAttributes, QueuedMessage, body_md5
from scripts.localcloud.mns.state import MnsState
from scripts.localcloud.service import ApiError


class QueueCalls:
    """One method an operation."""

    def __init__(self, state: MnsState) -> None:
        self._state = state

    def routes(self) -> dict[tuple[str, str], tuple[str, Perform]]:
        """Name and method of each operation, by HTTP method and form of the URL."""
        messages = "queues/*/messages"
        return {
            ("GET", "queues"): ("ListQueue", self._list),
            ("PUT", "queues/*"): ("CreateQueue", self._create),
            ("PUT", "queues/*?metaoverride"): ("SetQueueAttributes", self._set_attributes),
            ("GET", "queues/*"): ("GetQueueAttributes", self._get_attributes),
            ("DELETE", "queues/*"): ("DeleteQueue", self._delete),
            ("POST", messages): ("SendMessage", self._send),
            ("GET", messages): ("ReceiveMessage", self._receive),
            ("GET", f"{messages}?peekonly"): ("PeekMessage", self._peek),
            ("DELETE", messages): ("DeleteMessage", self._delete_message),
            ("PUT", messages): ("ChangeMessageVisibility", self._change_visibility),
        }

    def _list(self, call: Call) -> Response:
        found = page(self._state.queues(), call.request)
        queues = [self._listed(call, name) for name in found.names]
        return xml.listing(200, "Queues", "Queue", queues, found.extra)

    def _listed(self, call: Call, name: str) -> Description:
        url: Description = {"QueueURL": call.url(f"/queues/{name}")}
        with_meta = call.request.headers.get("x-mns-with-meta") == "true"
        return url | describe_queue(self._state, name) if with_meta else url

    def _create(self, call: Call) -> Response:
        attributes = queue_attributes(call.fields, QueueAttributes())
        return call.created(new=self._state.create_queue(call.name, attributes=attributes))

    def _set_attributes(self, call: Call) -> Response:
        now, _ = self._state.queue(call.name)
        self._state.set_queue(call.name, queue_attributes(call.fields, now.attributes))
        return Response(204)

    def _get_attributes(self, call: Call) -> Response:
        return xml.answer(200, "Queue", describe_queue(self._state, call.name))

    def _delete(self, call: Call) -> Response:
        self._state.delete_queue(call.name)
        return Response(204)

    def _send(self, call: Call) -> Response:
        body = call.fields.get("MessageBody", "")
        if not body:
            raise invalid_argument("The value of MessageBody should not be empty.")
        queue, _ = self._state.queue(call.name)
        delay = number(call.fields, "DelaySeconds", queue.attributes.delay_seconds)
        message_id = self._state.send(call.name, body, delay=delay, priority=priority(call.fields))
        content = {"MessageId": message_id, "MessageBodyMD5": body_md5(body)}
        return xml.answer(201, "Message", content)

    def _receive(self, call: Call) -> Response:
        queue, _ = self._state.queue(call.name)
        given = {"WaitSeconds": call.params.get("waitseconds", "")}
        wait = number(given, "WaitSeconds", queue.attributes.polling_wait_seconds)
        received = self._state.receive(call.name, count=_batch_size(call), wait=wait)
        return _one_or_batch(call, [_received(message) for message in received])

    def _peek(self, call: Call) -> Response:
        found = self._state.peek(call.name, count=_batch_size(call))
        return _one_or_batch(call, [_peeked(message) for message in found])

    def _delete_message(self, call: Call) -> Response:
        self._state.delete_message(call.name, _receipt_handle(call))
        return Response(204)

    def _change_visibility(self, call: Call) -> Response:
        handle = _receipt_handle(call)
        text = call.params.get("visibilitytimeout", "")
        if not text:
            raise ApiError(400, "MissingVisibilityTimeout", "VisibilityTimeout is required.")
        timeout = number({"VisibilityTimeout": text}, "VisibilityTimeout", 0)
        changed = self._state.change_visibility(call.name, handle, timeout)
        content = {
            "ReceiptHandle": changed.receipt_handle,
            "NextVisibleTime": _milliseconds(changed.visible_at),
        }
        return xml.answer(200, "ChangeVisibility", content)


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
