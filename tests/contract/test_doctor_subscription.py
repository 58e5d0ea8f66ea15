"""Whether somebody is subscribed to the topic, and whether that is our trigger."""

from collections.abc import Iterator

import pytest

from scripts.decide.chain import Standing
from tests.contract import doctor_helpers as spoil
from tests.contract.doctor_helpers import Scene, deployed


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Everything provisioned and deployed; a test leaves it as it found it."""
    with deployed(tmp_path_factory.mktemp("project")) as scene:
        yield scene


def test_a_lost_subscription_is_named(scene: Scene) -> None:
    """That nobody listens to the topic any more is told, and that it takes a trigger made anew."""
    spoil.no_subscription(scene)
    (found,) = scene.look()
    spoil.no_trigger(scene)
    scene.deploy()

    assert (found.link, found.standing) == ("subscription", Standing.FAULT)
    assert found.mend.startswith("s remove trigger")
    assert scene.look() == []


HERE = "cn-shanghai:1208863178610000"
OURS = "services/resource_repair/functions/oss_repair_acl_trigger"
WEB = "https://1208863178610000.cn-shanghai.fc.aliyuncs.com/2016-08-15"


@pytest.mark.parametrize(
    ("endpoint", "standing"),
    [
        ("https://example.org/hook", Standing.FAULT),
        (f"acs:mns:{HERE}:queues/theirs", Standing.FAULT),
        ("smq-ep:dm:1208863178610000:__dynamic", Standing.FAULT),
        (f"acs:fc:{HERE}:services/theirs/functions/oss_repair_acl_trigger", Standing.FAULT),
        (f"acs:fc:{HERE}:services/resource_repair/functions/theirs", Standing.FAULT),
        (f"acs:fc:{HERE}:{OURS.replace('/functions', '.7/functions')}", Standing.FAULT),
        (f"acs:fc:cn-beijing:1208863178610000:{OURS}", Standing.FAULT),
        (f"acs:fc:cn-shanghai:1000000000000001:{OURS}", Standing.FAULT),
        (f"{WEB}/services/theirs/functions/f/invocations", Standing.FAULT),
        (f"{WEB.replace('1208863178610000', '1')}/{OURS}/invocations", Standing.FAULT),
        (f"{WEB}/{OURS}/invocations", Standing.UNSEEN),
        (f"acs:fc:{HERE}:functions/resource_repair$oss_repair_acl_trigger", Standing.UNSEEN),
        (f"acs:eventbridge:{HERE}:eventbus/default", Standing.UNSEEN),
        ("something:else", Standing.UNSEEN),
        ("", Standing.UNSEEN),
    ],
)
def test_a_subscription_of_somebody_else_does_not_count(
    scene: Scene, endpoint: str, standing: Standing
) -> None:
    """That others listen is no comfort; who cannot be told is not said to be the trigger."""
    spoil.no_subscription(scene)
    how = {"strategy": "BACKOFF_RETRY", "content_format": "SIMPLIFIED"}
    scene.cloud.mns.register(scene.spec().topic, "theirs", endpoint=endpoint, **how)
    (found,) = scene.look()
    (before,) = scene.look(before_deploy=True)
    scene.cloud.mns.unsubscribe(scene.spec().topic, "theirs")
    spoil.no_trigger(scene)
    scene.deploy()

    assert (found.link, found.standing) == ("subscription", standing)
    assert "theirs" in found.what
    # What nobody can tell stops no deploy, which could not mend it either.
    assert (before.standing is Standing.FAULT) is (standing is Standing.FAULT)
    assert scene.look() == []


@pytest.mark.parametrize("endpoint", [f"acs:fc:::{OURS}", f"acs:fc:{HERE}:{OURS}"])
def test_a_subscription_of_the_function_counts_beside_others(scene: Scene, endpoint: str) -> None:
    """One that leads to the function is the trigger's, whoever else listens."""
    spoil.no_subscription(scene)
    how = {"strategy": "BACKOFF_RETRY", "content_format": "SIMPLIFIED"}
    topic = scene.spec().topic
    scene.cloud.mns.register(topic, "theirs", endpoint="https://example.org/hook", **how)
    scene.cloud.mns.register(topic, "ours", endpoint=endpoint, **how)
    found = scene.look()
    for name in ("theirs", "ours"):
        scene.cloud.mns.unsubscribe(topic, name)
    spoil.no_trigger(scene)
    scene.deploy()

    assert found == []
