"""The topic, and whether the trigger is subscribed to it."""

from collections.abc import Iterator

from scripts.doctor.chain import Chain
from scripts.doctor.model import (
    DEPLOY,
    PROVISION,
    Link,
    Remark,
    Standing,
    changing,
    fault,
    not_yet,
    sound,
)
from scripts.resources import Topic
from scripts.resources.topic import subscriptions
from scripts.verb import Permission

_TOPICS = "acs:mns:{region}:{account}:/topics/*"
_GET_TOPIC = Permission("mns:GetTopicAttributes", _TOPICS)

_OTHERS = ("http://", "https://", "acs:mns:", "mail:", "sms:")


def _examine_topic(chain: Chain) -> Iterator[Remark]:
    name, region = chain.spec.topic, chain.spec.region
    topic = Topic(chain.spec, chain.clients)
    live = topic.live()
    if live is None:
        yield fault(f"there is no topic {name} in {region}", PROVISION)
        return
    wrong = list(changing(topic, live))
    yield from wrong or [sound(f"{name}, in {region}")]


def _examine_subscription(chain: Chain) -> Iterator[Remark]:
    name, trigger = chain.spec.topic, chain.trigger
    if trigger is None or trigger["sourceArn"] != chain.spec.trigger.source_arn:
        yield not_yet("it comes with the trigger", "see there")
    elif not Topic(chain.spec, chain.clients).there():
        yield fault(f"there is no topic {name} to be subscribed to", PROVISION)
    else:
        yield _about_subscriptions(chain, name)


def _about_subscriptions(chain: Chain, topic: str) -> Remark:
    """Whether one of them is Function Compute's."""
    there = [
        (each.subscription_name, each.endpoint or "")
        for each in subscriptions(chain.clients, topic)
    ]
    if names := [name for name, endpoint in there if _of_functions(endpoint)]:
        return sound(f"{topic} has {', '.join(names)}")
    if unclear := [f"{name} ({to})" for name, to in there if not _of_others(to)]:
        return Remark(
            Standing.UNSEEN,
            f"whether {', '.join(unclear)}, subscribed to {topic}, is the trigger's cannot be told",
            "make verify ARGS=--loop, which proves that findings arrive",
        )
    others = ", ".join(name for name, _ in there)
    # Neither apply nor a deploy makes it again as long as the trigger is there.
    return fault(
        f"{f'only {others}, not the trigger,' if others else 'nobody'} is subscribed to {topic}, "
        "although the trigger is there",
        f"s remove trigger -y, then {DEPLOY}",
    )


def _of_functions(endpoint: str) -> bool:
    """Whether Function Compute made the subscription.

    Guessed: no page tells what it gives as the endpoint. That there is none stands for it too,
    since nobody else can subscribe without one.
    """
    return not endpoint or endpoint.startswith("acs:fc:") or ".fc.aliyuncs.com" in endpoint


def _of_others(endpoint: str) -> bool:
    """Whether it is one that people subscribe: a server of theirs, a queue, mail, or a phone."""
    return endpoint.lower().startswith(_OTHERS)


TOPIC = Link("topic", (_GET_TOPIC,), _examine_topic)
SUBSCRIPTION = Link(
    "subscription",
    (
        Permission("fc:GetTrigger", "acs:fc:{region}:{account}:*"),
        _GET_TOPIC,
        Permission("mns:ListSubscriptionByTopic", _TOPICS),
    ),
    _examine_subscription,
)
