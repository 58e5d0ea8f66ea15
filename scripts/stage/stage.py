"""The whole product set up on a local cloud: what s.yaml presumes, then s.yaml itself.

For the demo. Everything is done as it would be on a real account: with
Alibaba Cloud's own SDKs, over HTTP, by the account's own access key.
"""

import argparse
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from resource_repair.remediations import named
from scripts.account import audit_trail
from scripts.account.audit_trail import AuditLine
from scripts.account.clients import Clients, Endpoints, calling, fixed_credentials
from scripts.account.deploy_plan import Plan, apply, plan
from scripts.declared import PATH, Generation, Spec, load_for, rule_ids
from scripts.localcloud import LocalCloud
from scripts.stage.serve import let_functions_find_oss
from scripts.verbs.provision import provision


@dataclass(frozen=True)
class Stage:
    """A local cloud with the product on it."""

    cloud: LocalCloud
    clients: Clients
    spec: Spec
    rule_id: str
    plan: Plan

    def bucket(self, name: str, region: str = "") -> Any:
        """A bucket as its owner uses it: an `oss2.Bucket` in `region` or the product's own."""
        return self.clients.bucket(name, region)

    def start_evaluation(self) -> None:
        """Have the rule evaluated on demand: every bucket that is non-compliant is reported."""
        from alibabacloud_config20200907 import models  # noqa: PLC0415  (a slow import)

        with calling("config:StartConfigRuleEvaluation", self.rule_id):
            self.clients.config.start_config_rule_evaluation(
                models.StartConfigRuleEvaluationRequest(config_rule_id=self.rule_id)
            )

    def wait_idle(self, timeout: float = 60) -> bool:
        """Wait until no evaluation, delivery or invocation is pending; False after `timeout` s."""
        return self.cloud.wait_idle(timeout)

    def audit(self) -> list[AuditLine]:
        """The audit lines so far, in the order in which they were printed."""
        service, _, function = self.spec.qualified_name.rpartition("/")
        return audit_trail.of_log(self.cloud.fc.logs(service, function).encode())


def clients_of(cloud: LocalCloud, region: str) -> Clients:
    """SDK clients of the local cloud's account."""
    key = cloud.credentials
    return Clients(
        region,
        credentials=fixed_credentials(key.access_key_id, key.access_key_secret),
        endpoints=Endpoints(**cloud.endpoints._asdict()),
    )


def ask_generation(options: argparse.ArgumentParser) -> None:
    """Have a command take `--generation`, as a number."""
    options.add_argument(
        "--generation",
        type=int,
        choices=[int(each) for each in Generation],
        default=Generation.FC2,
        help="of Function Compute; 2 where nothing is said",
    )


def set_up(
    cloud: LocalCloud, code: Path, generation: Generation = Generation.FC2, spec: Path = PATH
) -> Stage:
    """Put the product on a cloud that has nothing yet, on that Function Compute.

    `code` is the bundle's zip, `spec` is s.yaml; for 3.0 it is read itself, and no s.fc3.yaml.

    Raises CloudError.
    """
    let_functions_find_oss(cloud)
    clients = clients_of(cloud, cloud.region)

    def declared(rule_id: str, **further: str) -> Spec:
        known = rule_ids.filled({"PREPARE_RULE_ID": rule_id, **further})
        found = load_for(spec, generation, known, cloud.account_id)
        return replace(found, function=replace(found.function, code=code))

    first = declared("cr-not-known-yet")
    rule_id = provision(first, clients)
    made = {each.source: each.id for each in cloud.config.rules()}
    names = [each.remediation for each in first.remediations]
    whole = declared(rule_id, **{rule_ids.variable(n): made[named(n).rules[0]] for n in names})
    planned = plan(whole, clients)
    apply(planned)
    return Stage(cloud, clients, whole, rule_id, planned)
