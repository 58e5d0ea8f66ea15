"""The walls of the house: who may import what, and who may read what."""

import ast
import functools
import re
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from scripts import ROOT

CODE = sorted((ROOT / "code").rglob("*.py"))
SCRIPTS = sorted((ROOT / "scripts").rglob("*.py"))
LOCALCLOUD = [path for path in SCRIPTS if "localcloud" in path.parts]
TESTS = sorted((ROOT / "tests").rglob("*.py"))


@functools.cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    """All of a file's syntax."""
    return tuple(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


def imports(path: Path) -> Iterator[str]:
    """The full names of what a file imports, wherever in it; a relative one begins with a dot."""
    for node in nodes(path):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def importing(paths: list[Path], *packages: str) -> list[str]:
    """Which of the files import one of the packages."""
    return [
        path.relative_to(ROOT).as_posix()
        for path in paths
        if any(name.split(".")[0] in packages for name in imports(path))
    ]


def mentioning(paths: list[Path], *texts: str) -> list[str]:
    """Which of the files have one of the texts in their code, comments and docstrings left out."""
    found = []
    for path in paths:
        docstrings = {
            id(node.body[0].value)
            for node in nodes(path)
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
            and node.body
            and isinstance(node.body[0], ast.Expr)
        }
        for node in nodes(path):
            name = node.attr if isinstance(node, ast.Attribute) else ""
            text = (
                node.value if isinstance(node, ast.Constant) and id(node) not in docstrings else ""
            )
            if name in texts or text in texts:
                found.append(path.relative_to(ROOT).as_posix())
                break
    return found


def test_the_function_stands_alone() -> None:
    """code/ imports nothing of scripts/ or tests/."""
    assert importing(CODE, "scripts", "tests") == []


def test_the_local_cloud_stands_alone() -> None:
    """scripts/localcloud/ imports nothing of this project, and itself by relative names alone."""
    assert LOCALCLOUD
    assert importing(LOCALCLOUD, "resource_repair", "index", "tests", "scripts") == []


def test_the_local_cloud_knows_nothing_of_the_product() -> None:
    """scripts/localcloud/ could be published as it is: not even a comment names what runs on it."""
    names = (
        r"resource.?repair|repair_acl|(prepare|exempt|repair)(RuleId|Mode|Tag)|ossEndpoint"
        r"|MNSTestConfig|s\.yaml|\b(this|the) product\b"
    )
    found = {
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in LOCALCLOUD
        for match in re.finditer(names, path.read_text(encoding="utf-8"), re.IGNORECASE)
    }
    assert found == set()


_JUDGES = ("seeing", "kinds", "checking", "truth")


def test_the_storms_checker_knows_nothing_of_the_product() -> None:
    """What judges a storm has the standard library and itself: it must not err as the product."""
    judges = [ROOT / "tests/storm" / f"{name}.py" for name in _JUDGES]
    imported = {name for path in judges for name in imports(path)}
    own = {name for name in imported if name.startswith("tests.storm.")}
    assert {name.split(".")[2] for name in own} == {"seeing", "checking", "kinds"}
    assert {name.split(".")[0] for name in imported - own} <= sys.stdlib_module_names


def test_one_module_of_the_function_imports_oss2() -> None:
    """Only resource_repair/oss.py knows oss2."""
    assert importing(CODE, "oss2") == ["code/resource_repair/oss.py"]


def test_one_module_of_the_function_talks_to_the_network() -> None:
    """Only resource_repair/transport.py makes connections, with the standard library alone."""
    network = ("http", "select", "socket", "ssl", "urllib", "requests", "urllib3")
    assert importing(CODE, *network) == ["code/resource_repair/transport.py"]


def test_one_module_of_the_function_reads_the_environment() -> None:
    """Only resource_repair/settings.py reads os.environ."""
    assert mentioning(CODE, "environ", "getenv") == ["code/resource_repair/settings.py"]


def test_one_module_reads_the_spec() -> None:
    """Only the spec's own reader opens s.yaml."""
    readers = mentioning(SCRIPTS, "s.yaml")
    assert len({Path(reader).parts[:2] for reader in readers}) == 1
    assert all(reader.startswith("scripts/declared") for reader in readers)


def test_the_adapters_alone_know_function_compute_s_sdks() -> None:
    """What is deployed is read and written by one port; behind it each generation has its own."""
    sdks = ("alibabacloud_fc_open20210406", "alibabacloud_fc20230330")
    own = "scripts/account/compute/"
    assert {each for each in importing(SCRIPTS, *sdks) if not each.startswith(own)} == {
        "scripts/account/clients.py"  # which makes their clients
    }
    behind = [path for path in SCRIPTS if not path.is_relative_to(ROOT / own)]
    used = [f"{name}.{each}" for name in ("clients", "_clients") for each in ("fc", "fc3")]
    calling = {
        path.relative_to(ROOT).as_posix()
        for path in behind
        for node in nodes(path)
        if isinstance(node, ast.Attribute) and f"{_last(node.value)}.{node.attr}" in used
    }
    assert calling == set()


def test_the_function_needs_no_yaml() -> None:
    """Exemptions are compiled at build time: code/ imports no YAML."""
    assert importing(CODE, "yaml") == []


# Switches of the local cloud that are strict by default, by the last two parts of their names, and
# the most that each is when it is kind. What is called instead is kind whenever it is.
KINDER = {
    "spreading.looks": 0,
    "spreading.end": 0,
    "lateness.new": 0,
    "lateness.deleted": 0,
    "lag.reads": 0,
    "config.evaluates_after": 599,
}
MOST_KIND = 10  # places in all tests


class Kindness(NamedTuple):
    """A place that has the local cloud kinder than it is by default."""

    place: str
    reason: str


def kindnesses(path: Path) -> Iterator[Kindness]:
    """All such places of a file; the reason is the comment beside one, or directly above it."""
    text = path.read_text(encoding="utf-8")
    if not any(all(part in text for part in switch.split(".")) for switch in KINDER):
        return  # to read the syntax of all files takes seconds
    comments = dict(_comments(path))
    for node in nodes(path):
        for switch, value in _settings(node):
            if switch in KINDER and not _is_strict(value, KINDER[switch], path):
                line = value.lineno
                reason = comments.get((line, True)) or comments.get((line - 1, False), "")
                yield Kindness(f"{path.name}:{line} {switch}", reason)


def _settings(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """What a statement or a call sets, by the last two parts of its name, and to what."""
    if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign) and node.value:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        for target in targets:
            if isinstance(target, ast.Attribute):
                yield f"{_last(target.value)}.{target.attr}", node.value
    elif isinstance(node, ast.Call):
        match node.args:  # setattr, monkeypatch.setattr, patch.object
            case [whose, ast.Constant(value=str(name)), value, *_]:
                yield f"{_last(whose)}.{name}", value
        if isinstance(node.func, ast.Attribute):
            yield f"{_last(node.func.value)}.{node.func.attr}", node.func


def _last(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _is_strict(value: ast.expr, kinder: float, path: Path) -> bool:
    """Whether it is seen to be more than that, as a number or by the name of one in the file."""
    if isinstance(value, ast.Name):
        for node in nodes(path):
            if isinstance(node, ast.Assign) and value.id in map(_last, node.targets):
                value = node.value
                break
    number = value.value if isinstance(value, ast.Constant) else None
    return isinstance(number, int | float) and number > kinder


def _comments(path: Path) -> Iterator[tuple[tuple[int, bool], str]]:
    """The comments of a file by line, and whether code is before; what is said to tools is none."""
    with path.open("rb") as file:
        for token in tokenize.tokenize(file.readline):
            if token.type == tokenize.COMMENT and not re.match(r"# (noqa|type:)", token.string):
                line, column = token.start
                yield (line, bool(token.line[:column].strip())), token.string


def test_kindness_is_noticed(tmp_path: Path) -> None:
    """However it is set: by a statement, a call, a name of the file, or what cannot be read."""
    path = tmp_path / "test_something.py"
    path.write_text(
        """\
NONE, LOOKS = 0, 3
MANY = 3
account.cloud.spreading.looks = 0  # nothing was made
# nothing was made
spreading.looks = NONE  # and here too
cloud.spreading.looks = chosen()
monkeypatch.setattr(cloud.spreading, "looks", 0)  # noqa: B010
cloud.spreading.end()
cloud.spreading.looks = MANY
cloud.spreading.looks = 1000
cloud.other.looks = 0
cloud.log.lateness.new = 0
rig.log.lateness.deleted = 0
cloud.config.lag.reads = 0
cloud.config.evaluates_after = 6
cloud.config.evaluates_after = 1e9
"""
    )
    found = [(each.place.split()[0], bool(each.reason)) for each in kindnesses(path)]
    assert found == [
        *(("test_something.py:3", True), ("test_something.py:5", True)),
        *((f"test_something.py:{line}", False) for line in (6, 12, 13, 14, 15, 7, 8)),
    ]


def test_tests_run_on_the_local_cloud_as_strict_as_it_is() -> None:
    """At most ten places in them have it kinder, each with the reason in a comment beside it."""
    found = [each for path in TESTS for each in kindnesses(path)]
    assert [each.place for each in found if not each.reason] == []
    assert len(found) <= MOST_KIND, [each.place for each in found]


def test_so_does_what_is_shown_on_it() -> None:
    """The demo, and `make cloud`: nothing of this project has it kinder."""
    shown = [path for path in SCRIPTS if path not in LOCALCLOUD]
    assert [each.place for path in shown for each in kindnesses(path)] == []
