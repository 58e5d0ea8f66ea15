"""Several messages at a time, as the SDK (aliyun-mns-sdk) sends and deletes them."""

import email.utils
import http.client
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from urllib.parse import urlsplit

import pytest
from mns.account import Account
from mns.message_property import MessagePropertyValue
from mns.mns_exception import MNSServerException
from mns.queue import Message, Queue

from scripts.localcloud import LocalCloud
from scripts.localcloud.ram import policies
from scripts.localcloud.ram.state import Credentials, Policy, Role

QUEUE = "repair-failures"


@pytest.fixture
def cloud() -> Iterator[LocalCloud]:
    """A cloud with an empty queue."""
    with LocalCloud() as running:
        running.mns.create_queue(QUEUE)
        yield running


@pytest.fixture
def queue(cloud: LocalCloud) -> Iterator[Queue]:
    """The SDK's queue, with the account's own key."""
    with queue_of(cloud, cloud.credentials) as found:
        yield found


@contextmanager
def queue_of(cloud: LocalCloud, key: Credentials) -> Iterator[Queue]:
    """The SDK's queue for these credentials; bodies go as they are."""
    client = Account(
        cloud.endpoints.mns, key.access_key_id, key.access_key_secret, key.security_token
    )
    found = client.get_queue(QUEUE)
    found.set_encoding(encoding=False)
    try:
        yield found
    finally:
        client.mns_client.close_connection()


@pytest.mark.fidelity(28)
def test_a_batch_is_sent(cloud: LocalCloud, queue: Queue) -> None:
    """Each message of a batch has an id, its MD5, its own delay and its own priority."""
    sent = queue.batch_send_message(
        [Message("later", delay_seconds=60), Message("soon"), Message("now", priority=1)]
    )
    assert [len(message.message_id) for message in sent] == [32] * 3
    assert sent[1].message_body_md5 == cloud.mns.peek(QUEUE, count=16)[1].md5
    assert [message.message_body for message in queue.batch_peek_message(16)] == ["now", "soon"]
    assert cloud.mns.queue(QUEUE)[1].delayed == 1


@pytest.mark.fidelity(28)
def test_a_batch_is_deleted(cloud: LocalCloud, queue: Queue) -> None:
    """The handles of a batch delete its messages, and are told nothing more."""
    queue.batch_send_message([Message("a"), Message("b"), Message("c")])
    received = queue.batch_receive_message(2)
    queue.batch_delete_message([message.receipt_handle for message in received])
    assert cloud.mns.messages(QUEUE) == ["c"]
    assert cloud.journal.entries("mns", "BatchDeleteMessage")[-1].details["status"] == 204


def test_of_a_batch_what_can_be_is_deleted(cloud: LocalCloud, queue: Queue) -> None:
    """A handle that is none is named in the answer; the others delete their messages."""
    queue.batch_send_message([Message("a"), Message("b")])
    handles = [message.receipt_handle for message in queue.batch_receive_message(2)]
    with pytest.raises(MNSServerException) as refused:
        queue.batch_delete_message([handles[0], "8-none", handles[1]])
    assert refused.value.type == "ReceiptHandleError"
    assert [error["ReceiptHandle"] for error in refused.value.sub_errors] == ["8-none"]
    assert cloud.mns.messages(QUEUE) == []


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda q: q.batch_send_message([Message("x")] * 17), "InvalidArgument"),
        (lambda q: q.batch_delete_message(["8-none"] * 17), "InvalidArgument"),
        (lambda q: q.batch_receive_message(17), "InvalidArgument"),
        (lambda q: q.batch_send_message([Message("x" * 32769)] * 2), "InvalidArgument"),
    ],
    ids=["sent", "deleted", "received", "64 KB"],
)
def test_a_batch_has_at_most_16_messages_and_64_kb(
    cloud: LocalCloud, queue: Queue, call: Callable[[Queue], object], code: str
) -> None:
    """One more is refused, and so is a batch of more than 64 KB; nothing of it is done."""
    with pytest.raises(MNSServerException) as refused:
        call(queue)
    assert refused.value.type == code
    assert cloud.mns.messages(QUEUE) == []


def test_properties_of_a_message_come_back(queue: Queue) -> None:
    """What a message was sent with is with it when it is peeked at and received."""
    message = Message("x")
    message.add_user_property("colour", MessagePropertyValue.create_string("red"))
    queue.send_message(message)
    queue.batch_send_message([message])
    for found in (*queue.batch_peek_message(16), *queue.batch_receive_message(16)):
        assert found.user_properties["colour"].get_raw_value() == "red"


@pytest.mark.parametrize("own", [False, True])
def test_a_batch_takes_the_action_of_one_message_or_its_own_too(
    cloud: LocalCloud, own: bool
) -> None:
    """RAM's list has mns:ReceiveMessage for batches; their pages, mns:BatchReceiveMessage."""
    cloud.mns.batches_need_their_own = own
    cloud.mns.send(QUEUE, "x")
    document = policies.document(policies.allow(["mns:ReceiveMessage"]))
    cloud.ram.policies["Custom", "one"] = Policy("one", "Custom", document)
    trust = policies.trust("ecs.aliyuncs.com")
    cloud.ram.roles["reader"] = Role("reader", trust, attached=[("Custom", "one")])
    with queue_of(cloud, cloud.ram.assume("reader", "test")) as reader:
        if not own:
            assert len(reader.batch_receive_message(16)) == 1
            return
        with pytest.raises(MNSServerException, match="mns:BatchReceiveMessage"):
            reader.batch_receive_message(16)
        assert reader.receive_message(0).message_body == "x"


@pytest.mark.parametrize("name", ["date", "x-mns-date"])
def test_x_mns_date_stands_for_date(cloud: LocalCloud, queue: Queue, name: str) -> None:
    """A client that cannot set Date, as in a browser, sets and signs x-mns-date in its place."""
    client = queue.mns_client
    path = f"/queues/{QUEUE}"
    date = email.utils.formatdate(usegmt=True)
    headers = {"x-mns-version": "2015-06-06", name: date}
    key = client.credentials_provider.get_credentials()
    signature = client.get_signature("GET", {**headers, "date": date}, path, key)
    with closing(http.client.HTTPConnection(urlsplit(cloud.endpoints.mns).netloc)) as connection:
        connection.request("GET", path, headers={**headers, "Authorization": signature})
        assert connection.getresponse().status == 200
