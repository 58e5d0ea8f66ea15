import json
from collections.abc import Callable, Iterator, Sequence

import pytest

from scripts.account.clients import Clients
from scripts.account.permission import Permission
from scripts.decide.chain import LINKS, Standing
from scripts.localcloud.ram import policies
from scripts.verbs.doctor import VERB
from tests.contract import apply_helpers
from tests.contract import doctor_helpers as spoil
from tests.contract.doctor_helpers import Scene, deployed
from tests.e2e.scene import PUBLIC_POLICY

ROLE, POLICY = "colleague", "what-a-colleague-may"

Allow = Callable[[Sequence[Permission]], Clients]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Everything in place, logs in others' store, a message in the failure queue, findings."""
    with deployed(tmp_path_factory.mktemp("project")) as scene:
        spoil.channel(active=False)(scene)
        scene.cloud.config.rule_tests = "acl_and_policy"  # its ACL is then asked of the bucket
        scene.cloud.oss.create("config-policy")
        scene.cloud.oss.set_policy("config-policy", PUBLIC_POLICY)
        apply_helpers.edit(scene.path, "exemptTag: none", "exemptTag: public-until")
        scene.deploy()
        scene.cloud.oss.create("config-snapshot", acl="public-read")  # its tags are then asked for
        assert scene.cloud.config.wait_idle(30)
        spoil.channel(active=True)(scene)
        spoil.adopted_store(scene)
        spoil.waiting(days=0, messages=1)(scene)
        yield scene


@pytest.fixture(scope="module")
def allow(scene: Scene) -> Allow:
    """Say what somebody may do, and nothing else; gives their clients."""
    ram = scene.cloud.ram
    ram.create_role(ROLE, policies.trust("ecs.aliyuncs.com"))
    ram.create_policy(POLICY, policies.document(policies.allow("nothing:AtAll")))
    ram.attach(ROLE, "Custom", POLICY)
    clients = apply_helpers.clients(scene.cloud, ram.assume(ROLE, "test"))

    def allow(permissions: Sequence[Permission]) -> Clients:
        place = (scene.cloud.account_id, scene.cloud.region)
        statements = [dict(each.statement(*place)) for each in permissions]
        ram.create_policy_version(POLICY, policies.document(*statements), default=True)
        return clients

    return allow


def test_what_is_declared_suffices(scene: Scene, allow: Allow) -> None:
    """With the permissions that --help lists, and no other, every link is seen."""
    found = scene.look(clients=allow(VERB.permissions))
    assert [each.link for each in found] == ["failure queue"]


@pytest.mark.bad_days
@pytest.mark.parametrize("denied", VERB.permissions, ids=lambda each: each.action)
def test_a_refused_permission_hides_its_links_alone(
    scene: Scene, allow: Allow, denied: Permission
) -> None:
    """A link that cannot be seen is told with the statement to add; the others are examined."""
    clients = allow([each for each in VERB.permissions if each != denied])
    found = scene.look(clients=clients)

    hidden = [each for each in found if each.standing is Standing.UNSEEN]
    needing = {link.name for link in LINKS if denied in link.permissions}
    statement = denied.statement(scene.cloud.account_id, scene.cloud.region)
    assert hidden
    assert {each.link for each in hidden} <= needing
    assert {each.link for each in found} <= needing | {"failure queue"}
    for each in hidden:
        assert f"cannot see this link: {denied.action} on" in each.what
        assert each.mend.endswith(json.dumps(statement))
