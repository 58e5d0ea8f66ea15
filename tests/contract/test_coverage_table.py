"""The table of what the local cloud covers, which is made of the services' own rows."""

import json
import re
from pathlib import Path

import pytest
from alibabacloud_config20200907 import client as config_client
from alibabacloud_mns_open20220119 import client as mns_client
from alibabacloud_ram20150501 import client as ram_client
from alibabacloud_sts20150401 import client as sts_client

from scripts.localcloud import coverage
from scripts.localcloud.config.api import ConfigService
from scripts.localcloud.mns.api import MnsManagement
from scripts.localcloud.pop import PopService
from scripts.localcloud.ram.api import RamService
from scripts.localcloud.sts.api import StsService

_OF_MNS = "acs:mns:{region}:{account}:"
KNOWN = {(each.service, each.row.name): each for each in coverage.covered()}


@pytest.mark.parametrize(
    ("operation", "resources"),
    [
        (("config", "StartConfigRuleEvaluation"), ("*",)),
        (("config", "StartConfigRuleEvaluationByResource"), ("*",)),
        (("config", "ListConfigRuleEvaluationResults"), ("*",)),
        (("config", "ListConfigRules"), ("acs:config:*:{account}:rule/*",)),
        (
            ("ram", "AttachPolicyToRole"),
            ("acs:ram:*:{account}:role/{RoleName}", "acs:ram:*:{owner}:policy/{PolicyName}"),
        ),
        (("sts", "GetCallerIdentity"), ()),
    ],
)
def test_the_table_has_the_resource_that_ram_is_asked_for(
    operation: tuple[str, str], resources: tuple[str, ...]
) -> None:
    """By the page that it names."""
    assert KNOWN[operation].row.resources == resources


def test_all_that_ram_is_asked_for_is_in_the_table() -> None:
    """Actions of other services too, names that RAM has for several, and both of MNS's APIs."""
    asked = {action for each in coverage.covered() for action, _ in each.asked}
    assert {"mns:Subscribe", "mns:Unsubscribe", "ram:PassRole", "log:CreateJob"} <= asked
    assert KNOWN["fc", "CreateTrigger"].asked == (
        ("fc:CreateTrigger", "*"),
        ("mns:Subscribe", "*"),
        ("mns:Unsubscribe", "*"),
        ("ram:PassRole", "{invocationRole}"),
    )
    assert KNOWN["oss", "HeadObject"].action == "oss:GetObject"
    forms = {form for each in coverage.covered() for form in each.asked}
    assert {("mns:ListTopic", "*"), ("mns:ListTopic", f"{_OF_MNS}/topics")} <= forms


@pytest.mark.parametrize(
    ("service", "sdk"),
    [
        (ConfigService, config_client.Client),
        (MnsManagement, mns_client.Client),
        (RamService, ram_client.Client),
        (StsService, sts_client.Client),
    ],
)
def test_each_rpc_operation_is_one_of_the_service(service: type[PopService], sdk: type) -> None:
    """No row is of an operation that the official client does not have."""
    has = {name.replace("_", "") for name in vars(sdk)}
    assert service.table
    assert [row.name for row in service.table if row.name.lower() not in has] == []
    assert {(service.name, row.name) for row in service.table} <= KNOWN.keys()


def test_the_table_is_one_line_an_operation() -> None:
    """Each with its page; none twice."""
    lines = coverage.markdown().splitlines()[2:]
    assert len(lines) == len(set(lines))
    told = {re.split(r"[:| ]+", line)[2] for line in lines}
    assert told == {each.row.name for each in coverage.covered()}
    assert all(line.count(" | ") == lines[0].count(" | ") for line in lines)
    assert all(each.row.page for each in coverage.covered())
    assert json.dumps(lines).count("config:CreateRemediation") == 2


def test_the_page_is_what_the_tables_declare(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The one that is kept is; of another --check says that it is stale, until it is written."""
    assert coverage.main(["--check"]) == 0
    page = tmp_path / "COVERAGE.md"
    page.write_text("of last year")
    assert coverage.main(["--check"], page) == 1
    assert "COVERAGE.md" in capsys.readouterr().out
    assert coverage.main(["--write"], page) == 0
    assert coverage.main(["--check"], page) == 0
    assert page.read_text() == coverage.PAGE.read_text()
