"""The operations of MNS's XML interface on topics and subscriptions."""

from xml.etree import ElementTree as ET

from scripts.localcloud.http import Response
from scripts.localcloud.mns import xml
from scripts.localcloud.mns.attributes import subscription_attributes, topic_attributes
from scripts.localcloud.mns.calls import Call, Perform, page
from scripts.localcloud.mns.descriptions import Description, describe_subscription, describe_topic
from scripts.localcloud.mns.errors import invalid_argument
from scripts.localcloud.mns.queue import body_md5
from scripts.localcloud.mns.state import MnsState, TopicAttributes
from scripts.localcloud.service import Core


class TopicCalls:
    """One method an operation."""

    def __init__(self, core: Core, state: MnsState) -> None:
        self._account_id = core.account_id
        self._state = state

    def routes(self) -> dict[tuple[str, str], tuple[str, Perform]]:
        """Name and method of each operation, by HTTP method and form of the URL."""
        return {
            ("GET", "topics"): ("ListTopic", self._list),
            ("PUT", "topics/*"): ("CreateTopic", self._create),
            ("PUT", "topics/*?metaoverride"): ("SetTopicAttributes", self._set_attributes),
            ("GET", "topics/*"): ("GetTopicAttributes", self._get_attributes),
            ("DELETE", "topics/*"): ("DeleteTopic", self._delete),
            ("POST", "topics/*/messages"): ("PublishMessage", self._publish),
            ("GET", "topics/*/subscriptions"): ("ListSubscriptionByTopic", self._subscriptions),
            ("PUT", "topics/*/subscriptions/*"): ("Subscribe", self._subscribe),
            ("GET", "topics/*/subscriptions/*"): ("GetSubscriptionAttributes", self._subscription),
            ("DELETE", "topics/*/subscriptions/*"): ("Unsubscribe", self._unsubscribe),
        }

    def _list(self, call: Call) -> Response:
        found = page(self._state.topics(), call.request)
        topics = [self._listed(call, name) for name in found.names]
        return xml.listing(200, "Topics", "Topic", topics, found.extra)

    def _listed(self, call: Call, name: str) -> Description:
        url: Description = {"TopicURL": call.url(f"/topics/{name}")}
        with_meta = call.request.headers.get("x-mns-with-meta") == "true"
        return url | describe_topic(self._state, name) if with_meta else url

    def _create(self, call: Call) -> Response:
        attributes = topic_attributes(call.fields, TopicAttributes())
        return call.created(new=self._state.create_topic(call.name, attributes))

    def _set_attributes(self, call: Call) -> Response:
        now = self._state.topic(call.name).attributes
        self._state.set_topic(call.name, topic_attributes(call.fields, now))
        return Response(204)

    def _get_attributes(self, call: Call) -> Response:
        return xml.answer(200, "Topic", describe_topic(self._state, call.name))

    def _delete(self, call: Call) -> Response:
        self._state.delete_topic(call.name)
        return Response(204)

    def _publish(self, call: Call) -> Response:
        body = call.fields.get("MessageBody", "")
        if not body:
            raise invalid_argument("The value of MessageBody should not be empty.")
        message_id = self._state.publish(
            call.name,
            body,
            tag=call.fields.get("MessageTag", ""),
            attributes=_message_attributes(call.body),
        )
        content = {"MessageId": message_id, "MessageBodyMD5": body_md5(body)}
        return xml.answer(201, "Message", content)

    def _subscriptions(self, call: Call) -> Response:
        found = page(sorted(self._state.topic(call.name).subscriptions), call.request)
        subscriptions = [
            {"SubscriptionURL": call.url(f"/topics/{call.name}/subscriptions/{name}")}
            for name in found.names
        ]
        return xml.listing(200, "Subscriptions", "Subscription", subscriptions, found.extra)

    def _subscribe(self, call: Call) -> Response:
        given = subscription_attributes(
            endpoint=call.fields.get("Endpoint", ""),
            strategy=call.fields.get("NotifyStrategy", ""),
            content_format=call.fields.get("NotifyContentFormat", ""),
            filter_tag=call.fields.get("FilterTag", ""),
        )
        new = self._state.register(call.name, call.subscription, **given)
        return call.created(new=new)

    def _subscription(self, call: Call) -> Response:
        found = self._state.subscription(call.name, call.subscription)
        return xml.answer(200, "Subscription", describe_subscription(self._account_id, found))

    def _unsubscribe(self, call: Call) -> Response:
        self._state.unsubscribe(call.name, call.subscription)
        return Response(204)


def _message_attributes(message: ET.Element) -> dict[str, str]:
    """The old form (MessageAttributes) and the new one (UserProperties), as names and texts."""
    old = xml.child(message, "MessageAttributes")
    new = xml.child(message, "UserProperties")
    properties = [xml.fields(value) for value in new] if new is not None else []
    return {
        **(xml.fields(old) if old is not None else {}),
        **{given.get("Name", ""): given.get("Value", "") for given in properties},
    }
