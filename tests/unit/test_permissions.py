"""What the verbs declare that they need, as one table."""

import ast
import importlib
from collections import defaultdict
from pathlib import Path

import pytest

from scripts import ROOT
from scripts.account.permission import Permission
from scripts.docs import permissions

DECLARED = {name: permissions.of(name) for name in permissions.VERBS}
# `verify --loop` and `probe` change no bucket but those that they make themselves.
OF_THEIR_OWN = {f"acs:oss:*:{{account}}:resource-repair-{each}-*" for each in ("proof", "probe")}
CALLING = {
    *("asked", "calling", "creating", "deleting", "find", "numbered_pages", "read", "token_pages")
}


def test_a_permission_has_one_form() -> None:
    """Whoever is granted an action for one verb has it for every other."""
    forms = defaultdict(set)
    for declared in DECLARED.values():
        for each in declared:
            if each.resource not in OF_THEIR_OWN:
                forms[each.action].add(each.resource)
    assert {action: on for action, on in forms.items() if len(on) > 1} == {}


def test_a_verb_declares_a_permission_once() -> None:
    """None stands twice in a verb's list."""
    for name, declared in DECLARED.items():
        actions = [each.action for each in declared]
        assert len(actions) == len(set(actions)), name


@pytest.mark.parametrize("path", sorted((ROOT / "scripts" / "account").glob("*.py")), ids=str)
def test_a_permission_stands_beside_its_call(path: Path) -> None:
    """Whatever operation a module of the account names in a call, it has the permission for."""
    called = {
        each.args[0].value
        for each in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(each, ast.Call)
        and isinstance(each.func, ast.Name)
        and each.func.id in CALLING
        and each.args
        and isinstance(each.args[0], ast.Constant)
    }
    module = importlib.import_module(f"scripts.account.{path.stem}")
    kinds = [each for each in vars(module).values() if isinstance(each, type)]
    held = [value for each in (module, *kinds) for value in vars(each).values()]
    groups = [each if type(each) is tuple else (each,) for each in held]
    declared = {each.action for group in groups for each in group if isinstance(each, Permission)}
    assert called - declared <= {"sts:GetCallerIdentity", "the search for credentials"}
