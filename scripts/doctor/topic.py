"""The topic, and whether the trigger is subscribed to it."""

from collections.abc import Iterator

from scripts.doctor.chain import Chain
from scripts.doctor.model import DEPLOY, PROVISION, Link, Remark, fault, not_yet, sound
from scripts.resources import Topic
from scripts.resources.topic import subscriptions
from scripts.verb import Permission

_TOPICS = "acs:mns:{region}:{account}:/topics/*"
_GET_TOPIC = Permission("mns:GetTopicAttributes", _TOPICS)


def _examine_topic(chain: Chain) -> Iterator[Remark]:
    name, region = chain.spec.topic, chain.spec.region
    if Topic(chain.spec, chain.clients).there():
        yield sound(f"{name}, in {region}")
    else:
        yield fault(f"there is no topic {name} in {region}", PROVISION)


def _examine_subscription(chain: Chain) -> Iterator[Remark]:
    name, trigger = chain.spec.topic, chain.trigger
    if trigger is None or trigger["sourceArn"] != chain.spec.trigger.source_arn:
        yield not_yet("it comes with the trigger", "see there")
    elif not Topic(chain.spec, chain.clients).there():
        yield fault(f"there is no topic {name} to be subscribed to", PROVISION)
    elif names := [each.subscription_name for each in subscriptions(chain.clients, name)]:
        yield sound(f"{name} has {', '.join(names)}")
    else:
        # Neither apply nor a deploy makes it again as long as the trigger is there.
        yield fault(
            f"nobody is subscribed to {name}, although the trigger is there",
            f"s remove trigger -y, then {DEPLOY}",
        )


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
