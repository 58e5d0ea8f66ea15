"""Calls of aliyun-mns-sdk, of which this project uses but some."""

import os
import warnings

from calls import call, refused

warnings.simplefilter("ignore")  # its docstrings, when they are compiled

from mns.account import Account  # noqa: E402
from mns.queue import Message, QueueMeta  # noqa: E402
from mns.subscription import SubscriptionMeta, SubscriptionNotifyContentFormat  # noqa: E402
from mns.topic import DirectMailInfo, TopicMessage, TopicMeta  # noqa: E402

ACCOUNT, REGION = os.environ["ALIBABA_CLOUD_ACCOUNT_ID"], os.environ["ALIBABA_CLOUD_REGION_ID"]
account = Account(
    os.environ["ALICLOUD_LOCAL_MNS_ENDPOINT"],
    os.environ["ALIBABA_CLOUD_ACCESS_KEY_ID"],
    os.environ["ALIBABA_CLOUD_ACCESS_KEY_SECRET"],
)
queue, target = account.get_queue("some-queue"), account.get_queue("target")
topic = account.get_topic("some-topic")
pushed, queued, wrong = (topic.get_subscription(each) for each in ("pushed", "queued", "wrong"))
target.set_encoding(False)

call("CreateQueue", lambda: queue.create(QueueMeta(vis_timeout=10)))
call("CreateQueue again", lambda: queue.create(QueueMeta(vis_timeout=10)))
refused("CreateQueue with other attributes", lambda: queue.create(QueueMeta(vis_timeout=11)),
        "QueueAlreadyExist")  # fmt: skip
call("SetQueueAttributes",
     lambda: queue.set_attributes(QueueMeta(vis_timeout=60, polling_wait_sec=0)))  # fmt: skip
call("GetQueueAttributes", queue.get_attributes, lambda found: found.visibility_timeout == 60)
call("ListQueue", lambda: account.list_queue(prefix="some", ret_number=10),
     lambda found: len(found[0]) == 1)  # fmt: skip
call("SendMessage", lambda: queue.send_message(Message("first", 0, 8)))
call("BatchSendMessage", lambda: queue.batch_send_message([Message("a", 0, 1), Message("b")]),
     lambda sent: len(sent) == 2)  # fmt: skip
call("PeekMessage", queue.peek_message, lambda found: found.message_body == b"a")
call("BatchPeekMessage", lambda: queue.batch_peek_message(16), lambda found: len(found) == 3)
received = call("ReceiveMessage", lambda: queue.receive_message(0))
changed = call("ChangeMessageVisibility",
               lambda: queue.change_message_visibility(received.receipt_handle, 30))  # fmt: skip
call("DeleteMessage", lambda: queue.delete_message(changed.receipt_handle))
refused("DeleteMessage with an old handle", lambda: queue.delete_message(received.receipt_handle),
        "ReceiptHandleError")  # fmt: skip
rest = call("BatchReceiveMessage", lambda: queue.batch_receive_message(16, 0),
            lambda found: len(found) == 2)  # fmt: skip
refused("BatchDeleteMessage with one that is unknown",
        lambda: queue.batch_delete_message([rest[0].receipt_handle, "8-none"]),
        "ReceiptHandleError")  # fmt: skip
call("BatchDeleteMessage", lambda: queue.batch_delete_message([rest[1].receipt_handle]))
refused("ReceiveMessage of none", lambda: queue.receive_message(0), "MessageNotExist")
call("CreateTopic", lambda: topic.create(TopicMeta(4096)))
call("SetTopicAttributes", lambda: topic.set_attributes(TopicMeta(8192)))
call("GetTopicAttributes", topic.get_attributes, lambda found: found.maximum_message_size == 8192)
call("ListTopic", lambda: account.list_topic(prefix="some"), lambda found: len(found[0]) == 1)
target.create(QueueMeta())
call("Subscribe a server", lambda: pushed.subscribe(SubscriptionMeta("http://127.0.0.1:9/")))
call("Subscribe a queue", lambda: queued.subscribe(SubscriptionMeta(
     f"acs:mns:{REGION}:{ACCOUNT}:queues/target",
     notify_content_format=SubscriptionNotifyContentFormat.SIMPLIFIED)))  # fmt: skip
refused("Subscribe nonsense", lambda: wrong.subscribe(SubscriptionMeta("nonsense")),
        "EndpointInvalid")  # fmt: skip
call("SetSubscriptionAttributes", lambda: pushed.set_attributes(
     SubscriptionMeta(notify_strategy="EXPONENTIAL_DECAY_RETRY")))  # fmt: skip
call("GetSubscriptionAttributes", pushed.get_attributes,
     lambda found: found.notify_strategy == "EXPONENTIAL_DECAY_RETRY")  # fmt: skip
call("ListSubscriptionByTopic", topic.list_subscription, lambda found: len(found[0]) == 2)
call("Unsubscribe", pushed.unsubscribe)
call("PublishMessage", lambda: topic.publish_message(TopicMessage("hello")))
call("PublishMessage arrives", lambda: target.receive_message(5),
     lambda found: found.message_body == "hello")  # fmt: skip
call("PublishMessage with a tag", lambda: topic.publish_message(TopicMessage("hello", "tag")))
call("PublishMessage by mail", lambda: topic.publish_message(
     TopicMessage("hello", direct_mail=DirectMailInfo("a@b.c", "subject", 0, 0, 0))))  # fmt: skip
call("DeleteTopic", topic.delete)
call("DeleteQueue", queue.delete)
refused("GetQueueAttributes of none", queue.get_attributes, "QueueNotExist")
