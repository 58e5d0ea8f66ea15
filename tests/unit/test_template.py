"""The template for `s init`, rendered as the client renders it."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from scripts import ROOT
from scripts.upkeep import template
from tests.pipeline import published, rendered

pytestmark = pytest.mark.skipif(
    not (ROOT / ".git").exists() or shutil.which("git") is None, reason="this is no checkout"
)


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template as the target makes it."""
    folder = tmp_path_factory.mktemp("template") / "package"
    template.make(folder, template.tracked())
    return folder


def test_with_its_defaults_it_is_this_tree(package: Path) -> None:
    """Each file under git, as it is, may be run as before; s.yaml once its names are filled in."""
    files = template.tracked()
    source = package / "src"
    made = [path for path in source.rglob("*") if path.is_symlink() or not path.is_dir()]
    assert sorted(path.relative_to(source).as_posix() for path in made) == sorted(files)
    for name in files:
        if name != "s.yaml":
            assert (source / name).read_bytes() == (ROOT / name).read_bytes(), name
            assert os.access(source / name, os.X_OK) == os.access(ROOT / name, os.X_OK), name
    assert rendered(package) == (ROOT / "s.yaml").read_text("utf-8")


def test_what_is_chosen_stands_in_s_yaml(package: Path) -> None:
    """Each parameter is a knob of s.yaml."""
    asked = published(package)["Parameters"]["properties"]
    chosen = {name: f"other{number}" for number, name in enumerate(asked)}
    document = yaml.safe_load(rendered(package, **chosen, access="prod"))
    assert document["access"] == "prod"
    assert {name: document["vars"][name] for name in chosen} == chosen


def test_publish_yaml_is_of_the_registry_s_model(package: Path) -> None:
    """What the page "Package model" wants of an application, and defaults that its schema takes."""
    document = published(package)
    assert {path.name for path in package.iterdir()} == {
        *("publish.yaml", "readme.md", "src", "version.md")
    }
    needed = (
        "Edition",
        "Type",
        "Name",
        "Provider",
        "Version",
        "Description",
        "Category",
        "Service",
    )
    assert all(document[name] for name in needed)
    assert (document["Type"], document["Name"]) == ("Application", "resource-repair")
    parameters = document["Parameters"]
    readme = (package / "readme.md").read_text("utf-8")
    assert parameters["required"] == list(parameters["properties"])
    for name, each in parameters["properties"].items():
        assert f"| `{name}` | `{each['default']}` | {each['description']} |" in readme
        assert each["default"] in each.get("enum", [each["default"]])
        assert re.search(each.get("pattern", ""), each["default"])
    actions = document["Service"]["函数计算"]["Authorities"]
    assert {"fc:CreateFunction", "ram:PassRole"} <= set(actions)


def test_nothing_of_it_is_committed() -> None:
    """It is made where nothing is under git."""
    ignored = ["git", "check-ignore", "--quiet", str(template.OUTPUT)]
    assert subprocess.run(ignored, cwd=ROOT, check=False).returncode == 0


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("  mode: enforce\n", "  mood: enforce\n"),
        ("access: default\n", "access: prod\n"),
        ("# What is deployed", "# {{ What }} is deployed"),
    ],
)
def test_an_s_yaml_that_it_cannot_ask_for_is_refused(old: str, new: str) -> None:
    """A knob that was renamed, another alias, or what the client would take for a name."""
    text = (ROOT / "s.yaml").read_text("utf-8")
    assert text.count(old) == 1
    with pytest.raises(ValueError):  # noqa: PT011
        template.templated(text.replace(old, new))
