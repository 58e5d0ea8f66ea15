"""The walls of the house: who may import what, and who may read what."""

import ast
import functools
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from scripts import ROOT

CODE = sorted((ROOT / "code").rglob("*.py"))
SCRIPTS = sorted((ROOT / "scripts").rglob("*.py"))
LOCALCLOUD = [path for path in SCRIPTS if "localcloud" in path.parts]


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


def test_the_storms_checker_knows_nothing_of_the_product() -> None:
    """What judges a storm has the standard library and itself: it must not err as the product."""
    judges = [ROOT / "tests/storm" / f"{name}.py" for name in ("seeing", "checking", "truth")]
    imported = {name for path in judges for name in imports(path)}
    own = {name for name in imported if name.startswith("tests.storm.")}
    assert {name.split(".")[2] for name in own} == {"seeing", "checking"}
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


def test_the_function_needs_no_yaml() -> None:
    """Exemptions are compiled at build time: code/ imports no YAML."""
    assert importing(CODE, "yaml") == []
