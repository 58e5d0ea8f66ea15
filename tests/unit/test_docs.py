"""What the documents say is so: targets, knobs, permissions, links, names of outcomes."""

import json
import re
from pathlib import Path

import pytest
import yaml

from resource_repair import values
from resource_repair.remediations import REMEDIATIONS
from resource_repair.settings import load
from scripts import ROOT, cli
from scripts.account import recipients, sites
from scripts.account.clients import Endpoints
from scripts.bundling import byte_code
from scripts.decide import deploy_conflicts, deploy_effect
from scripts.declared import client_call, rule_ids, template
from scripts.docs import permissions

DOCUMENTS = [ROOT / "README.md", *sorted(ROOT.glob("docs/*.md")), ROOT / "events" / "README.md"]
README = (ROOT / "README.md").read_text()


def first_cells(title: str) -> list[str]:
    """What stands in backticks in the first column of the table under a heading or sentence."""
    table = README[README.index(title) :].split("\n|", 1)[1].split("\n\n", 1)[0]
    return re.findall(r"^\|? ?`([^`]+)`", table, flags=re.MULTILINE)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    """Every relative link names a file that is there, and every #anchor a heading."""
    text = document.read_text()
    headings = {
        line.lstrip("# ").lower().replace(" ", "-") for line in text.splitlines() if "#" in line
    }
    for target in re.findall(r"\]\(([^)]+)\)", text):
        if target.startswith("#"):
            assert target[1:] in headings
        elif not target.startswith("http"):
            assert (document.parent / target).exists(), target


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_make_target_is_there(document: Path) -> None:
    """What the documents tell to make can be made."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z][a-z-]+)`?", document.read_text())) - {"sense"} <= targets


def test_every_knob_is_told() -> None:
    """The README's table has the knobs of s.yaml, in their order, with their values."""
    text = (ROOT / "s.yaml").read_text()
    knobs = yaml.safe_load(text)["vars"]
    (role,) = re.findall(r"role: (\*\w+)", re.sub("#.*", "", text))
    assert f"*{next(iter(knobs.pop('roles')))}" == role
    knobs["role"] = role
    assert first_cells("### The knobs") == list(knobs)
    for name, value in knobs.items():
        shown = str(value).replace("${config(AccountID)}", "<account id>")
        assert f"| `{name}` | `{shown}` |" in README


def test_the_environment_variables_are_told() -> None:
    """The README names the variables that the function reads."""
    told = first_cells("They reach the function as environment variables")
    assert told == [
        "prepareRuleId",
        "repairMode",
        "ossEndpoint",
        "exemptTag",
        "exemptTagDays",
        "logLevel",
    ]
    assert load({"prepareRuleId": "cr-1"}).problems == ()


def test_what_the_verbs_take_from_the_environment_is_told() -> None:
    """The README names each variable that has an effect: none is to be found in the code alone."""
    told = README[README.index("### What the environment says") :].split("\n### ", 1)[0]
    services = [name.upper() for name in Endpoints._fields]
    assert services == ["OSS", "FC", "RAM", "STS", "MNS", "CONFIG", "LOG"]
    names = [
        *(rule_ids.RULE_ID, rule_ids.ENDPOINT, rule_ids.SWITCH),
        *(template.VARIABLE, rule_ids.FC3_ENDPOINT),
        *(recipients.WEBHOOK, recipients.EMAIL, deploy_effect.EXPECT_CLOSE),
        *(deploy_effect.EXPECT_LEAVE_OPEN, deploy_conflicts.EXPECT_DROP),
        *("RESOURCE_REPAIR_OSS_ENDPOINT", *services[1:]),
        *(sites.CONFIG_REGION, sites.ALERT_REGION),
        *(byte_code.KNOB, "PYENV_ROOT", "serverless_devs_access_cicd_alias_name", "AccountID"),
        *(client_call.ARGV, "serverless_devs_config_home"),
    ]
    assert [name for name in names if f"`{name}`" not in told] == []
    found = set()
    for path in (ROOT / "scripts").rglob("*.py"):
        if not {"localcloud", "bench"} & set(path.parts):
            found |= set(re.findall(r"environ(?:\.get\(|\[)\"(\w+)\"", path.read_text()))
    assert found - {"HOME", "PATH", "prepareRuleId", "repairMode"} == {"PYENV_ROOT"}


def test_the_permissions_are_told() -> None:
    """The README's permissions are those that the remediations declare."""
    declared = [each for one in REMEDIATIONS.values() for each in one.permissions]
    assert first_cells("### Permissions") == declared


def test_the_verbs_permissions_are_told(tmp_path: Path) -> None:
    """The README's table is what the verbs declare; another one is noticed, and written anew."""
    assert permissions.main(["--check"]) == 0

    other = tmp_path / "README.md"
    other.write_text(README.replace("`ram:PassRole`", ""))
    assert permissions.main(["--check"], other) == 1
    assert permissions.main([], other) == 0
    assert other.read_text() == README


@pytest.mark.parametrize("verb", cli.VERBS)
def test_every_verb_is_told(verb: str) -> None:
    """The README has each verb of the command."""
    assert re.search(rf"resource-repair {verb}\b", README)


def test_every_outcome_is_told() -> None:
    """The README has a row for each outcome: its class, and an alert unless it is settled."""
    told = {}
    for line in README.splitlines():
        if re.match(r"\| `\w+` \| (settled|told|unsettled|answered `fail`) \|", line):
            outcome, kind, _, _, alert = (cell.strip(" `") for cell in line.strip("|").split("|"))
            told[outcome] = (kind, alert)
    assert told == {
        **dict.fromkeys(values.SETTLED, ("settled", "")),
        **dict.fromkeys(values.TOLD, ("told", "told")),
        **dict.fromkeys((values.DENIED, values.FAILED), ("unsettled", "unsettled")),
        values.UNREADABLE: ("answered `fail", "unreadable"),
    }


def test_every_reason_is_told() -> None:
    """Each word that a reason in code/ begins with has its row."""
    table = README[README.index("| reason | of |") :].split("\n\n", 1)[0]
    told = {
        word for row in table.splitlines() for word in re.findall(r"`(\w+)`", row.split("|")[1])
    }
    said = set()
    for path in (ROOT / "code").rglob("*.py"):
        said |= set(re.findall(r'"([a-z]+(?:_[a-z]+)*): ', path.read_text()))
    assert told == {*said, "deadline", values.OTHER_RULE}


def test_the_client_is_installed_as_the_workflow_installs_it() -> None:
    """In the same version, with its telemetry off; the component that may be pinned is named."""
    client = json.loads((ROOT / ".github/client/package.json").read_text())["dependencies"]
    ((name, version),) = client.items()
    assert f"\nnpm install --global --ignore-scripts {name}@{version}\n" in README
    assert "\ns set analysis disable\n" in README
    (pinned,) = re.findall(r"`component: (devsapp/fc@[^`]+)`", README)
    assert pinned == "devsapp/fc@0.1.35"
