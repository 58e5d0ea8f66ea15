"""The topic, and whether the trigger is subscribed to it."""

from collections.abc import Iterator

from scripts.account.subscribers import Whose, function_arn, whose
from scripts.decide.chain.facts import Facts, known
from scripts.decide.chain.model import (
    APPLY,
    PROVISION,
    Link,
    Remark,
    Standing,
    changing,
    fault,
    note,
    sound,
)


def _examine_topic(facts: Facts) -> Iterator[Remark]:
    name, region = facts.spec.topic, facts.spec.region
    topic = known(facts.topic)
    if topic.live is None:
        yield fault(f"there is no topic {name} in {region}", PROVISION)
        return
    wrong = list(changing(topic))
    yield from wrong or [sound(f"{name}, in {region}")]


def _examine_subscription(facts: Facts) -> Iterator[Remark]:
    name = facts.spec.topic
    if not listens(facts):
        yield note("it comes with the trigger", "see there")
    elif known(facts.topic).live is None:
        yield fault(f"there is no topic {name} to be subscribed to", PROVISION)
    else:
        yield _about_subscriptions(facts, name)


def listens(facts: Facts) -> bool:
    """Whether the trigger is there and is the topic's; raises what reading did."""
    trigger = known(facts.trigger).live
    return trigger is not None and trigger["sourceArn"] == facts.spec.trigger.source_arn


def _about_subscriptions(facts: Facts, topic: str) -> Remark:
    """Whether one of them is our trigger's, by where it leads."""
    there: dict[Whose, list[str]] = {who: [] for who in Whose}
    for name, endpoint in known(facts.subscriptions):
        who = whose(endpoint, facts.spec)
        leads = f" (to {endpoint or 'an endpoint that is not told'})"
        there[who].append(name if who is Whose.OURS else f"{name}{leads}")
    if ours := there[Whose.OURS]:
        return sound(f"{topic} has {', '.join(ours)}, to the function")
    if unclear := there[Whose.UNCLEAR]:
        return Remark(
            Standing.UNSEEN,
            f"whether {', '.join(unclear)}, subscribed to {topic}, is the trigger's cannot be told:"
            f" it does not lead to {function_arn(facts.spec)}, as one to the function is "
            "documented to",
            "resource-repair verify --loop, which proves that findings arrive",
            deploy_goes_on=True,
        )
    others = ", ".join(there[Whose.OTHERS])
    # A deploy makes it again as little as long as the trigger is there.
    return fault(
        f"{f'only {others}, not the trigger,' if others else 'nobody'} is subscribed to {topic}, "
        "although the trigger is there",
        APPLY,
    )


TOPIC = Link("topic", ("topic",), _examine_topic)
SUBSCRIPTION = Link("subscription", ("trigger", "topic", "subscriptions"), _examine_subscription)
