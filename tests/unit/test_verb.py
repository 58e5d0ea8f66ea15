import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from alibabacloud_ram20150501 import models

from scripts import cli
from scripts.account.clients import calling, fixed_credentials
from scripts.account.permission import Permission
from scripts.context import Acting, Context, Ended, Verb
from scripts.declared import PATH
from scripts.localcloud import LocalCloud
from scripts.localcloud.faults import Fail
from scripts.localcloud.ram import policies
from scripts.localcloud.ram.state import Credentials
from scripts.stage.serve import environment
from scripts.terminal import Exit
from tests.parts import edit, project

ROLES = "acs:ram:*:{account}:role/*"
RULE_ID = "cr-b9046457e0d9003f0000"

Look = Callable[..., int]


@pytest.fixture(scope="module")
def cloud() -> Iterator[LocalCloud]:
    """A cloud with the role that is looked at, and one that may look at nothing."""
    with LocalCloud() as cloud:
        cloud.ram.create_role("seen", policies.trust("fc.aliyuncs.com"))
        cloud.ram.create_role("nobody", policies.trust("fc.aliyuncs.com"))
        yield cloud


def look_at_role(context: Context) -> Ended:
    """The work of the verb."""
    with calling("ram:GetRole", "seen"):
        context.clients.ram.get_role(models.GetRoleRequest(role_name="seen"))
    context.console.say(f"looked, with rule {context.spec.function.environment}")
    return Ended(Exit.DONE, {})


VERB = Verb(
    "look",
    "Look at a role.",
    (Permission("ram:GetRole", ROLES), Permission("ram:PassRole"), Permission("fc:GetService")),
    Acting,
    look_at_role,
)


@pytest.fixture
def look(cloud: LocalCloud) -> Look:
    """Run the verb as somebody, the account's owner unless told; gives the exit code."""

    def run(
        *arguments: str,
        who: Credentials = cloud.credentials,
        rule: str | None = RULE_ID,
        known: bool = True,
    ) -> int:
        environ = environment(cloud) | ({} if rule is None else {"PREPARE_RULE_ID": rule})
        key = fixed_credentials(who.access_key_id, who.access_key_secret, who.security_token)
        verb = replace(VERB, rule_id_known=known)
        return cli.run_verb(verb, *arguments, environ=environ, credentials=key)

    return run


def test_it_says_first_where_it_works(
    look: Look, cloud: LocalCloud, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first line is the account and the region."""
    assert look() == 0
    first = capsys.readouterr().out.splitlines()[0]
    assert first == f"account {cloud.account_id}, region {cloud.region}"


def test_a_refusal_names_the_statement_to_add(
    look: Look, cloud: LocalCloud, capsys: pytest.CaptureFixture[str]
) -> None:
    """A refused call ends with exit code 1, its permission, and the statement that allows it."""
    assert look(who=cloud.ram.assume("nobody", "test")) == 1

    said = capsys.readouterr()
    assert "allow ram:GetRole" in said.err
    assert statements(said.out) == [
        {
            "Effect": "Allow",
            "Action": "ram:GetRole",
            "Resource": f"acs:ram:*:{cloud.account_id}:role/*",
        }
    ]


@pytest.mark.parametrize(
    ("action", "message"),
    [
        ("ram:PassRole", "the caller is not authorized to perform: ram:PassRole"),
        (
            "mns:Subscribe",
            "not authorized to perform 'mns:Subscribe' on resource '*'",
        ),  # undeclared
    ],
)
def test_a_refusal_for_want_of_another_permission_names_that(
    look: Look, cloud: LocalCloud, capsys: pytest.CaptureFixture[str], action: str, message: str
) -> None:
    """What a service names counts, declared or not; what nobody declared is on all resources."""
    cloud.faults.add("ram:GetRole", Fail(403, "NoPermission", message))

    assert look() == 1
    said = capsys.readouterr()
    assert f"allow {action} to whoever these credentials are" in said.err
    assert [(each["Action"], each["Resource"]) for each in statements(said.out)] == [(action, "*")]


def statements(said: str) -> list[dict[str, str]]:
    """The statements of policies among what was said."""
    return [json.loads(line) for line in said.splitlines() if line.lstrip().startswith("{")]


@pytest.mark.parametrize(
    ("arguments", "rule", "says"),
    [
        ([], "", "PREPARE_RULE_ID is not set"),
        ([], "a-rule-s-name", "no rule id"),
        (["--spec", f"{PATH}.not-there"], RULE_ID, "name the spec with --spec"),
    ],
)
def test_misuse_is_one_line(
    look: Look,
    capsys: pytest.CaptureFixture[str],
    arguments: Sequence[str],
    rule: str,
    says: str,
) -> None:
    """Without a usable rule id or a spec it is used wrongly: exit code 2 and how to use it."""
    assert look(*arguments, rule=rule) == 2

    line = capsys.readouterr().err
    assert says in line
    assert line.count("\n") == 1


def test_a_verb_may_run_before_there_is_a_rule(look: Look) -> None:
    """A verb that says so runs without a rule's id."""
    assert look(rule="", known=False) == 0


@pytest.mark.parametrize("rule", [None, "", "a-rule-s-name"])
@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("mode: enforce", "mode: Report", "vars.mode is 'Report'"),
        ("  mode: enforce", "  mode: enforce\n  colour: red", "vars.colour is used nowhere"),
    ],
)
def test_a_mistake_in_the_spec_is_told_before_a_missing_rule_id(
    look: Look,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    rule: str | None,
    old: str,
    new: str,
    says: str,
) -> None:
    """Whoever has no rule yet learns of both, one after the other, and of the spec's first."""
    spec = project(tmp_path)
    edit(spec, old, new)

    assert look("--spec", str(spec), rule=rule) == 2
    assert says in capsys.readouterr().err
