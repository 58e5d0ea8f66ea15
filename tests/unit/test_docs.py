"""What the documents say is so: targets, knobs, permissions, links, names of outcomes."""

import json
import re
from pathlib import Path

import pytest
import yaml

from resource_repair import values
from resource_repair.remediations import ACL, REMEDIATIONS, named
from resource_repair.settings import BLOCK, Ways, load
from scripts import ROOT, cli
from scripts.account import alert_rules, recipients, sites
from scripts.account.clients import Endpoints
from scripts.bundling import byte_code
from scripts.decide import deploy_conflicts, deploy_effect
from scripts.decide.chain import LINKS
from scripts.declared import client_call, rule_ids, template
from scripts.declared import load as load_spec
from scripts.docs import permissions
from tests import documents
from tests.documents import cells

IN_EACH = pytest.mark.parametrize(
    "document", [ROOT / name for name in documents.names()], ids=documents.names()
)
OPERATIONS = ("operations.md", "operations.zh-CN.md")
OUTCOMES = {
    *values.SETTLED,
    *values.TOLD,
    values.DENIED,
    values.FAILED,
    values.UNREADABLE,
}


def in_docs(name: str) -> str:
    """A page of docs/."""
    return (ROOT / "docs" / name).read_text("utf-8")


def anchors(text: str) -> set[str]:
    """What leads to the headings of a document, as GitHub makes it of them."""
    headings = re.findall(r"^#+ (.*)", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in headings}


def in_backticks(text: str) -> list[str]:
    """The words of the code that stand so in it."""
    return re.findall(r"`(\w+)`", text)


def first_cells(document: str, title: str) -> list[str]:
    """What stands in backticks in the first column of the table under a heading or sentence."""
    text = in_docs(document)
    table = text[text.index(title) :].split("\n|", 1)[1].split("\n\n", 1)[0]
    return re.findall(r"^\|? ?`([^`]+)`", table, flags=re.MULTILINE)


@IN_EACH
def test_links_lead_somewhere(document: Path) -> None:
    """Every relative link names a file that is there, and every #anchor a heading."""
    for target in re.findall(r"\]\(([^)]+)\)", document.read_text("utf-8")):
        if not target.startswith("http"):
            path, _, anchor = target.partition("#")
            other = document.parent / path if path else document
            assert other.exists(), target
            assert not anchor or anchor in anchors(other.read_text("utf-8")), target


@IN_EACH
def test_every_file_that_is_named_is_there(document: Path) -> None:
    """A path of the project that stands in backticks, alone or in a command; NAME is any."""
    named = re.findall(r"`([^`\n]+)`", document.read_text("utf-8"))
    words = (word for each in named for word in each.split())
    paths = [
        each for each in words if re.match(r"(code|docs|events|scripts|tests|\.github)/", each)
    ]
    assert [each for each in paths if not [*ROOT.glob(re.sub(r"NAME|<\w+>", "*", each))]] == []


@IN_EACH
def test_every_make_target_is_there(document: Path) -> None:
    """What the documents tell to make can be made."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z][a-z-]+)`?", document.read_text())) - {"sense"} <= targets


def test_every_knob_is_told() -> None:
    """The table has the knobs of s.yaml, in their order, with their values."""
    text = (ROOT / "s.yaml").read_text()
    knobs = yaml.safe_load(text)["vars"]
    (role,) = re.findall(r"role: (\*\w+)", re.sub("#.*", "", text))
    assert f"*{next(iter(knobs.pop('roles')))}" == role
    knobs["role"] = role
    assert first_cells("settings.md", "## The knobs") == list(knobs)
    for name, value in knobs.items():
        shown = str(value).replace("${config(AccountID)}", "<account id>")
        assert f"| `{name}` | `{shown}` |" in in_docs("settings.md")


def test_the_environment_variables_are_told() -> None:
    """The page of settings names the variables that the function reads."""
    told = first_cells("settings.md", "The knobs reach the function as environment variables")
    assert told == [
        "prepareRuleId",
        "repairMode",
        "remediations",
        "ossEndpoint",
        "exemptTag",
        "exemptTagDays",
        "close",
        "policyPublic",
        "neverBlock",
        "logLevel",
    ]
    assert load({"prepareRuleId": "cr-1"}).problems == ()


def test_what_the_verbs_take_from_the_environment_is_told() -> None:
    """The page names each variable that has an effect: none is to be found in the code alone."""
    told = in_docs("settings.md").partition("\n## What the environment says\n")[2]
    told = told.partition("\n## ")[0]
    services = [name.upper() for name in Endpoints._fields]
    assert services == ["OSS", "FC", "RAM", "STS", "MNS", "CONFIG", "LOG"]
    names = [
        *(rule_ids.RULE_ID, rule_ids.ENDPOINT, rule_ids.SWITCH, *rule_ids.FURTHER),
        *(deploy_effect.expect(name) for name in (*REMEDIATIONS, BLOCK) if name != ACL),
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
    """The function's permissions are those that the remediations declare."""
    declared = [each for one in REMEDIATIONS for each in named(one).permissions]
    declared += named(ACL, Ways(BLOCK, True, ())).permissions
    assert first_cells("permissions.md", "## The function") == list(dict.fromkeys(declared))


def test_the_remediations_are_told() -> None:
    """The table of them is what they declare."""
    rows = []
    for each in map(named, REMEDIATIONS):
        rules = ", ".join(f"`{rule}`" for rule in each.rules)
        undo, _ = each.undo("")
        cells = (f"`{each.name}`", rules, each.breaks, f"`{undo}`", f"`{each.default_mode}`")
        assert each.reversible
        rows.append(f"| {' | '.join(cells)} |")
    assert "\n".join(rows) in in_docs("remediations.md")


def test_the_verbs_permissions_are_told(tmp_path: Path) -> None:
    """The tables are what the verbs declare; another one is noticed, and written anew."""
    page = in_docs("permissions.md")
    assert permissions.main(["--check"]) == 0

    other = tmp_path / "permissions.md"
    other.write_text(page.replace("`ram:PassRole`", "", 1), "utf-8")
    assert permissions.main(["--check"], other) == 1
    assert permissions.main([], other) == 0
    assert other.read_text("utf-8") == page


@pytest.mark.parametrize("verb", cli.VERBS)
def test_every_verb_is_told(verb: str) -> None:
    """The pages of the commands and of a deploy have each verb."""
    pages = in_docs("commands.md") + in_docs("deploying.md")
    assert re.search(rf"resource-repair {verb}\b", pages)


def test_every_outcome_is_told() -> None:
    """The page has a row for each outcome: its class, and an alert unless it is settled."""
    told = {}
    for line in in_docs("outcomes.md").splitlines():
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
    table = in_docs("outcomes.md").partition("\n| reason | of |")[2].partition("\n\n")[0]
    told = {
        word for row in table.splitlines() for word in re.findall(r"`(\w+)`", row.split("|")[1])
    }
    assert told == reasons()


def reasons() -> set[str]:
    """The words that reasons in code/ begin with."""
    said = {"deadline", values.OTHER_RULE}
    for path in (ROOT / "code").rglob("*.py"):
        said |= set(re.findall(r'"([a-z]+(?:_[a-z]+)*): ', path.read_text()))
    return said


@pytest.mark.parametrize("document", OPERATIONS)
def test_every_alert_has_its_place(document: str) -> None:
    """The page for who is on duty has a heading for each alert, in order, by name and title."""
    spec = load_spec(ROOT / "s.yaml", {"PREPARE_RULE_ID": "cr-1"}, "1208863178610000")
    rules = alert_rules.alert_rules(spec)
    told = re.findall(r"^### `(\w+)`: ([\x20-\x7e]+)", in_docs(document), flags=re.MULTILINE)
    assert told == [(name, rule.title) for name, rule in rules.items()]


@pytest.mark.parametrize("document", OPERATIONS)
def test_every_outcome_has_its_place(document: str) -> None:
    """The page for who is on duty has one row or one heading for each outcome, by its class."""
    text = in_docs(document)
    headings = re.findall(r"^#### `(\w+)`$", text, flags=re.MULTILINE)
    settled = [in_backticks(row[0])[0] for row in cells(text, "outcome")]
    assert len(settled) == len(set(settled))
    assert len(headings) == len(set(headings))
    assert set(settled) == values.SETTLED
    assert set(headings) == OUTCOMES - values.SETTLED


def test_every_link_has_its_place() -> None:
    """Who looks for a cause finds each link that the doctor looks at, in its order."""
    told = [row[0] for row in cells(in_docs("troubleshooting.md"), "link")]
    assert told == [link.name for link in LINKS]


def test_every_outcome_and_reason_has_its_cause() -> None:
    """Who looks for a cause finds each outcome, and each word that a reason begins with."""
    text = in_docs("troubleshooting.md")
    rows = cells(text, "outcome")
    outcomes = [name for row in rows for name in in_backticks(row[0])]
    assert sorted(outcomes) == sorted(OUTCOMES)
    failed = {word for row in cells(text, "reason") for word in in_backticks(row[0])}
    others = {word for row in rows for word in re.findall(r"`(\w+)`", " ".join(row[1:]))}
    assert reasons() - others <= failed <= reasons()


def test_the_walls_are_told() -> None:
    """The page of the architecture has the contracts that are held, and the floors in order."""
    text = in_docs("architecture.md")
    held = (ROOT / "pyproject.toml").read_text().partition("[tool.importlinter]")[2]
    contracts = re.findall(r'^name = "(.+)"$', held, flags=re.MULTILINE)
    layers = held.partition("\nlayers = [")[2].partition("]")[0]
    assert [row[0] for row in cells(text, "contract")] == contracts
    floors = text[text.index("The floors, the highest first:") :].split("\n\n", 1)[0]
    told = [each.removeprefix("scripts.") for each in re.findall(r'"(.+)"', layers)]
    assert in_backticks(floors) == told


def test_both_languages_tell_to_type_the_same() -> None:
    """What README has to type, in its blocks and for each day, README.zh-CN has in its order."""

    def typed(name: str, first: str) -> list[str]:
        rows = cells(documents.text_of(name), first)
        daily = [each for row in rows for each in re.findall(r"`([^`]+)`", row[1])]
        return [each for block in documents.blocks(name) for each in block.commands] + daily

    assert typed("README.zh-CN.md", "问题") == typed("README.md", "question") != []


def test_the_client_is_installed_as_the_workflow_installs_it() -> None:
    """In the same version, with its telemetry off; the component that may be pinned is named."""
    client = json.loads((ROOT / ".github/client/package.json").read_text())["dependencies"]
    ((name, version),) = client.items()
    readme = (ROOT / "README.md").read_text("utf-8")
    assert f"\nnpm install --global --ignore-scripts {name}@{version}\n" in readme
    assert "\ns set analysis disable\n" in readme
    (pinned,) = re.findall(r"`component: (devsapp/fc@[^`]+)`", in_docs("deploying.md"))
    assert pinned == "devsapp/fc@0.1.35"
