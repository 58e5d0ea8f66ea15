"""Topics, queues and subscriptions as answers describe them, by the names of the XML interface."""

from .delivery import Subscription
from .state import MnsState
from .topic import TOPIC_RETENTION_SECONDS

Description = dict[str, object]


def describe_topic(state: MnsState, name: str) -> Description:
    """Page "GetTopicAttributes"."""
    topic = state.topic(name)
    return {
        "TopicName": name,
        "CreateTime": int(topic.created_at),
        "LastModifyTime": int(topic.modified_at),
        "MaximumMessageSize": topic.attributes.maximum_message_size,
        "MessageRetentionPeriod": TOPIC_RETENTION_SECONDS,
        "MessageCount": state.message_count(name),
        "LoggingEnabled": topic.attributes.logging_enabled,
    }


def describe_queue(state: MnsState, name: str) -> Description:
    """Page "GetQueueAttributes"."""
    queue, counts = state.queue(name)
    return {
        "QueueName": name,
        "CreateTime": int(queue.created_at),
        "LastModifyTime": int(queue.modified_at),
        "DelaySeconds": queue.attributes.delay_seconds,
        "MaximumMessageSize": queue.attributes.maximum_message_size,
        "MessageRetentionPeriod": queue.attributes.message_retention_period,
        "VisibilityTimeout": queue.attributes.visibility_timeout,
        "PollingWaitSeconds": queue.attributes.polling_wait_seconds,
        "LoggingEnabled": queue.attributes.logging_enabled,
        "ActiveMessages": counts.active,
        "InactiveMessages": counts.inactive,
        "DelayMessages": counts.delayed,
    }


def describe_subscription(owner: str, subscription: Subscription) -> Description:
    """Page "GetSubscriptionAttributes"; `owner` is the account whose topic it is."""
    return {
        "TopicOwner": owner,
        "TopicName": subscription.topic,
        "SubscriptionName": subscription.name,
        "Endpoint": subscription.endpoint,
        "NotifyStrategy": subscription.strategy,
        "NotifyContentFormat": subscription.content_format,
        "FilterTag": subscription.filter_tag,
        "CreateTime": int(subscription.created_at),
        "LastModifyTime": int(subscription.modified_at),
    }
