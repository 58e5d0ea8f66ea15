"""What decides takes values and gives values: it asks no account and no clock."""

import ast
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from scripts import decide
from scripts.account.clients import Clients

MODULES = sorted(each.name for each in pkgutil.walk_packages(decide.__path__, "scripts.decide."))
CLOCK = {"now", "utcnow", "today", "time", "monotonic", "perf_counter", "localtime", "gmtime"}


def asks(thing: object) -> bool:
    """Whether something takes clients, or what has some, as a class's methods may too."""
    if inspect.isclass(thing):
        methods = [each for _, each in inspect.getmembers(thing) if callable(each)]
    else:
        methods = [thing] if callable(thing) else []
    return any(each is Clients or _is_reader(each) for each in _taken_by(methods))


def _is_reader(kind: object) -> bool:
    own = inspect.isclass(kind) and kind.__module__.startswith("scripts.account.")
    return own and Clients in _taken_by([kind])


def _taken_by(callables: list[object]) -> Iterator[object]:
    for each in callables:
        try:
            parameters = inspect.signature(each).parameters  # type: ignore[arg-type]
        except ValueError:  # one of Python's own
            continue
        yield from (parameter.annotation for parameter in parameters.values())


@pytest.mark.parametrize("name", MODULES)
def test_of_the_account_it_knows_values_alone(name: str) -> None:
    """Nothing that could read is so much as known there: no function, class or module that does."""
    known = vars(importlib.import_module(name)).items()
    modules = {
        each
        for each, thing in known
        if isinstance(thing, ModuleType) and thing.__name__.startswith("scripts.account")
    }
    assert modules == set()
    assert {each for each, thing in known if asks(thing)} == set()


@pytest.mark.parametrize("name", MODULES)
def test_it_looks_at_no_clock(name: str) -> None:
    """What time it is comes in as a value."""
    path = Path(str(importlib.import_module(name).__file__))
    calls = (each for each in ast.walk(ast.parse(path.read_text())) if isinstance(each, ast.Call))
    called = {ast.unparse(each.func).rpartition(".")[2] for each in calls}
    assert called & CLOCK == set()
