"""What the verbs say that they need is what pages name, by the rows of the local cloud."""

import pytest

from scripts.declared import Generation
from scripts.docs import permissions
from scripts.docs.permissions import PAGE
from tests import permission_map
from tests.permission_map import OURS, covers, narrowest

TABLE = permission_map.told()
ON_3 = permission_map.told(Generation.FC3)
FORMS = permission_map.forms()
GRANTED = permission_map.granted()
EACH = [(action, on) for action, resources in GRANTED.items() for on in resources]


def test_the_page_s_table_is_what_the_verbs_declare() -> None:
    """As it is read back from the page."""
    assert list(TABLE) == [*permissions.VERBS, *permissions.CLIENT]
    for table, generation in ((TABLE, Generation.FC2), (ON_3, Generation.FC3)):
        for verb, statements in table.items():
            pairs = [(action, on) for on, actions in statements.items() for action in actions]
            assert sorted(pairs) == sorted(permissions.of(verb, generation))


def test_on_3_0_nobody_is_granted_what_is_done_to_services() -> None:
    """But for their list: who has our role, or our logs, may still be one of 2.0."""
    verbs = {verb: ON_3[verb] for verb in permissions.VERBS}
    granted = {action for each in verbs.values() for may in each.values() for action in may}
    assert {each for each in granted if "Service" in each} == {"fc:ListServices"}
    assert "fc:UpdateTrigger" in granted


@pytest.mark.parametrize("action", GRANTED)
def test_each_action_is_asked_for_by_an_operation(action: str) -> None:
    """Nobody is to grant what no operation takes."""
    assert any(form.asked for form in FORMS[action])


@pytest.mark.parametrize(("action", "on"), EACH)
def test_a_statement_is_right_by_every_page(action: str, on: str) -> None:
    """Where pages contradict one another, it has what each of them wants."""
    assert on.endswith(OURS) or [f for f in FORMS[action] if not covers(on, f.resource)] == []


@pytest.mark.parametrize(("action", "on"), EACH)
def test_a_statement_is_no_wider_than_pages_want(action: str, on: str) -> None:
    """It names a resource where all pages do."""
    assert on.endswith(OURS) or on in narrowest(FORMS[action])


def test_the_page_has_the_map() -> None:
    """docs/permissions.md is what rows and declarations say."""
    page = PAGE.read_text("utf-8")
    assert permission_map.written(page) == page
    assert permission_map.written(page.replace("\n| `ram:PassRole`", "\n|")) == page


def test_a_policy_is_printed_as_its_rows_are(capsys: pytest.CaptureFixture[str]) -> None:
    """For one verb and for several; the Serverless Devs client is one."""
    for names in (["status"], ["status", "sweep", "s deploy"]):
        where = ["--account", "1208863178610000", "--region", "cn-shanghai"]
        assert permissions.main(["--policy", *names, *where]) == 0
        rows = [TABLE[name] for name in names]
        wanted = permission_map.document("1208863178610000", "cn-shanghai", *rows)
        assert capsys.readouterr().out == f"{wanted}\n"
    assert permissions.main(["--policy", "apply", "--fc3"]) == 0
    assert "Service" not in capsys.readouterr().out


def test_every_row_of_the_table_fits_in_one_policy() -> None:
    """Who runs everything has one custom policy, as the page says, of RAM's five."""
    every = permission_map.document("1208863178610000", "cn-shanghai", *TABLE.values())
    assert "fit into one policy" in " ".join(PAGE.read_text("utf-8").split())
    assert len(every) < permission_map.LONGEST
