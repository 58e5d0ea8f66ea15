"""A local cloud with everything on it, and ways to spoil it that a test can name."""

import contextlib
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from alibabacloud_fc_open20210406 import models as fc
from alibabacloud_mns_open20220119 import models as mns
from alibabacloud_sls20201230 import models as log

from scripts import cli
from scripts.account.clients import Clients, Credentials, fixed_credentials
from scripts.account.deploy_plan import Verdict, apply, plan
from scripts.account.inventory import Recipients, around
from scripts.account.resource import step_for
from scripts.decide.chain import Diagnosis, Standing
from scripts.declared import Spec, load
from scripts.flows.facts import Survey, examined
from scripts.localcloud import LocalCloud
from scripts.localcloud.ram import policies
from scripts.stage.serve import environment
from tests.contract import apply_helpers

OTHER_TOPIC = "another-topic"
SOMEBODY = Recipients(emails=("on-call@example.com",))
Plant = Callable[["Scene"], object]


class Scene:
    """The project in a folder, and what provision and a deploy make of it on a cloud."""

    def __init__(self, cloud: LocalCloud, folder: Path) -> None:
        self.cloud = cloud
        self.clients = apply_helpers.clients(cloud)
        self.path = apply_helpers.project(folder)
        self.exemptions = folder / "exemptions.yaml"
        self.exemptions.write_text("[]\n")

    @property
    def rule_id(self) -> str:
        """The id of the rule that s.yaml names; empty before there is one."""
        name = load(self.path, {"PREPARE_RULE_ID": ""}, self.cloud.account_id).rule_name
        return next((rule.id for rule in self.cloud.config.rules() if rule.name == name), "")

    def spec(self, rule_id: str | None = None) -> Spec:
        """The spec, with the rule's id unless told another."""
        known = self.rule_id if rule_id is None else rule_id
        return load(self.path, {"PREPARE_RULE_ID": known}, self.cloud.account_id)

    @property
    def credentials(self) -> Credentials:
        """The account owner's."""
        key = self.cloud.credentials
        return fixed_credentials(key.access_key_id, key.access_key_secret)

    def environ(self, **changed: str) -> dict[str, str]:
        """What the shell sets for the cloud."""
        return {**environment(self.cloud), "PREPARE_RULE_ID": self.rule_id, **changed}

    def run(self, verb: str, *arguments: str, **changed: str) -> int:
        """The exit code of a verb, as the account's owner."""
        environ = self.environ(**changed)
        return cli.run(verb, *arguments, environ=environ, credentials=self.credentials)

    def provision(self) -> None:
        """Make everything around the function, or mend it."""
        for resource in around(self.spec(), self.clients, SOMEBODY):
            step = step_for(resource)
            if step.verdict is not Verdict.KEEP:
                step.carry_out()
        assert self.cloud.config.wait_idle(30)

    def deploy(self) -> None:
        """Make role, service, function and trigger, or mend them."""
        apply(plan(self.spec(), self.clients))

    def look(
        self,
        spec: Spec | None = None,
        *,
        clients: Clients | None = None,
        before_deploy: bool = False,
        **settings: str,
    ) -> list[Diagnosis]:
        """What the doctor says of everything that is not sound."""
        survey = Survey(spec or self.spec(), clients or self.clients, settings, self.exemptions)
        found = examined(survey, before_deploy=before_deploy)
        return [each for each in found if each.standing is not Standing.SOUND]


@contextlib.contextmanager
def deployed(folder: Path) -> Iterator[Scene]:
    """A cloud on which everything is provisioned and deployed."""
    with LocalCloud() as cloud:
        scene = Scene(cloud, folder)
        scene.provision()
        scene.deploy()
        yield scene


def channel(**changed: object) -> Plant:
    """The delivery channel becomes another."""

    def plant(scene: Scene) -> None:
        (now,) = scene.cloud.config.channels()
        scene.cloud.config.update_channel(replace(now, **changed))  # type: ignore[arg-type]

    return plant


def unknown_filters(condition: str) -> Plant:
    """The delivery channel is somebody else's, with filters that no page tells."""

    def plant(scene: Scene) -> None:
        (now,) = scene.cloud.config.channels()
        theirs = replace(now, name="theirs", description="theirs", condition=condition)
        scene.cloud.config.keep_channel(theirs)

    return plant


def no_channel(scene: Scene) -> None:
    """The delivery channel goes."""
    for each in scene.cloud.config.channels():
        scene.cloud.config.delete_channel(each.id)


def inactive_rule(scene: Scene) -> None:
    """The rule is switched off."""
    scene.cloud.config.switch_rule(scene.rule_id, active=False)


def no_topic(scene: Scene) -> None:
    """The topic goes, with its subscriptions."""
    scene.cloud.mns.delete_topic(scene.spec().topic)


def no_subscription(scene: Scene) -> None:
    """The trigger's subscription goes, as somebody can have it in the console."""
    topic = scene.spec().topic
    for name in scene.cloud.mns.topic(topic).subscriptions:
        scene.cloud.mns.unsubscribe(topic, name)


def no_trigger(scene: Scene) -> None:
    """The trigger goes."""
    spec = scene.spec()
    place = (spec.service.name, spec.function.name, spec.trigger.name)
    scene.clients.fc.delete_trigger(*place)


def trigger(*, role: str | None, topic: str = "") -> Plant:
    """The trigger is made with another role, or on another topic."""

    def plant(scene: Scene) -> None:
        trigger = scene.spec().trigger
        no_trigger(scene)
        scene.cloud.mns.create_topic(OTHER_TOPIC)
        source = trigger.source_arn.replace(trigger.topic, topic or trigger.topic)
        config = {"notifyContentFormat": "STREAM", "notifyStrategy": trigger.strategy}
        request = fc.CreateTriggerRequest(
            trigger_name=trigger.name,
            trigger_type="mns_topic",
            trigger_config=json.dumps(config),
            invocation_role=trigger.role_arn if role == "declared" else role,
            source_arn=source,
        )
        spec = scene.spec()
        scene.clients.fc.create_trigger(spec.service.name, spec.function.name, request)

    return plant


def trust(role_name: Callable[[Spec], str], service: str) -> Plant:
    """A role is trusted by another service than it should be."""

    def plant(scene: Scene) -> None:
        role = scene.cloud.ram.role(role_name(scene.spec()))
        scene.cloud.ram.update_role(
            role.name,
            policies.trust(service),
            description=role.description,
            max_session=role.max_session,
        )

    return plant


def foreign_trigger_role(scene: Scene) -> None:
    """The trigger's role is somebody else's, and trusts Function Compute."""
    no_trigger_role(scene)
    scene.cloud.ram.create_role(trigger_role(scene.spec()), policies.trust("fc.aliyuncs.com"))


def no_trigger_role(scene: Scene) -> None:
    """The trigger's role goes."""
    role = scene.cloud.ram.role(trigger_role(scene.spec()))
    for policy in list(role.attached):
        scene.cloud.ram.detach(role.name, *policy)
    scene.cloud.ram.delete_role(role.name)


def detached(role_name: Callable[[Spec], str], policy: str) -> Plant:
    """A role loses a policy of Alibaba Cloud's."""
    return lambda scene: scene.cloud.ram.detach(role_name(scene.spec()), "System", policy)


def trigger_role(spec: Spec) -> str:
    """The name of the role that MNS assumes."""
    return spec.trigger.role_arn.rpartition("/")[2]


def service_role(spec: Spec) -> str:
    """The name of the role that the function runs as."""
    return spec.service.role.name


def service(*, role: str = "", logs: bool = True) -> Plant:
    """The service gets another role of the account, or loses its logs."""

    def plant(scene: Scene) -> None:
        arn = f"acs:ram::{scene.cloud.account_id}:role/{role}" if role else None
        off = fc.LogConfig(project="", logstore="")
        request = fc.UpdateServiceRequest(role=arn, log_config=None if logs else off)
        scene.clients.fc.update_service(scene.spec().service.name, request)

    return plant


def function(**changed: object) -> Plant:
    """The function is changed by hand."""

    def plant(scene: Scene) -> None:
        spec = scene.spec()
        request = fc.UpdateFunctionRequest(**changed)
        scene.clients.fc.update_function(spec.service.name, spec.function.name, request)

    return plant


def variable(name: str, value: str) -> Plant:
    """One of the function's environment variables is changed by hand."""

    def plant(scene: Scene) -> None:
        variables = {**scene.spec().function.environment, name: value}
        function(environment_variables=variables)(scene)

    return plant


def no_destination(scene: Scene) -> None:
    """The function's asynchronous configuration goes."""
    spec = scene.spec()
    request = fc.DeleteFunctionAsyncInvokeConfigRequest()
    scene.clients.fc.delete_function_async_invoke_config(
        spec.service.name, spec.function.name, request
    )


def short_retention(scene: Scene) -> None:
    """The failure queue keeps messages as long as it does by default."""
    request = mns.SetQueueAttributesRequest(
        queue_name=scene.spec().failure_queue, message_retention_period=345600
    )
    scene.clients.mns.set_queue_attributes(request)


def small_queue_messages(scene: Scene) -> None:
    """The failure queue takes small messages alone."""
    request = mns.SetQueueAttributesRequest(
        queue_name=scene.spec().failure_queue, maximum_message_size=2048
    )
    scene.clients.mns.set_queue_attributes(request)


def small_topic_messages(scene: Scene) -> None:
    """The topic takes small messages alone."""
    request = mns.SetTopicAttributesRequest(topic_name=scene.spec().topic, max_message_size=2048)
    scene.clients.mns.set_topic_attributes(request)


def no_queue(scene: Scene) -> None:
    """The failure queue goes."""
    scene.cloud.mns.delete_queue(str(scene.spec().failure_queue))


def waiting(days: int, messages: int) -> Plant:
    """Messages came into the failure queue some days ago."""

    def plant(scene: Scene) -> None:
        scene.cloud.clock.advance(-days * 86400)
        for _ in range(messages):
            scene.cloud.mns.send(str(scene.spec().failure_queue), '{"requestPayload":"{}"}')
        scene.cloud.clock.advance(days * 86400)

    return plant


def no_index(scene: Scene) -> None:
    """The log store's index goes."""
    logs = scene.spec().service.logs
    assert logs
    scene.clients.log.delete_index(logs.project, logs.logstore)


def adopted_store(scene: Scene) -> None:
    """The log store was there before, and keeps logs for longer than is declared."""
    logs = scene.spec().service.logs
    assert logs
    days = scene.spec().log_retention + 1
    scene.clients.log.delete_project(logs.project, log.DeleteProjectRequest())
    scene.clients.log.create_project(
        log.CreateProjectRequest(project_name=logs.project, description="somebody's")
    )
    scene.clients.log.create_log_store(
        logs.project,
        log.CreateLogStoreRequest(logstore_name=logs.logstore, ttl=days, shard_count=1),
    )
    scene.provision()


def no_full_text(scene: Scene) -> None:
    """The log store has an index of fields alone."""
    _keep_of_the_index(scene, "keys")


def no_fields(scene: Scene) -> None:
    """The index is of whole logs alone: nothing can be counted by."""
    _keep_of_the_index(scene, "line")


def no_store(scene: Scene) -> None:
    """The log store goes."""
    logs = scene.spec().service.logs
    assert logs
    scene.clients.log.delete_log_store(logs.project, logs.logstore)


def _keep_of_the_index(scene: Scene, part: str) -> None:
    logs = scene.spec().service.logs
    assert logs
    sdk, place = scene.clients.log, (logs.project, logs.logstore)
    kept = getattr(sdk.get_index(*place).body, part)
    sdk.update_index(*place, log.UpdateIndexRequest(body=log.Index(**{part: kept})))
