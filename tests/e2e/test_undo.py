"""A repair that is undone stays so: through the next finding, and through the next deploy."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from scripts.bundling import bundle
from tests.account import Account

WHY = ("--reason", "the site", "--owner", "web", "--expires")


def test_an_undo_survives_findings_and_deploys(
    product: Account, code: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither a finding nor a deploy without its entry closes it; one with the entry keeps it."""
    cloud, reviewed = product.cloud, product.exemptions
    before, expires = reviewed.read_text(), ends(reviewed)

    def run(verb: str, *arguments: str, ends: int = 0) -> Any:
        assert product.run(verb, *arguments, "--json") == ends, capsys.readouterr()
        return json.loads(capsys.readouterr().out)

    cloud.oss.create("site", acl="public-read")
    product.rest()
    assert cloud.oss.bucket("site").acl == "private"

    done = run("undo", "--bucket", "site", *WHY, expires, "--yes", "--watch", "0")
    assert done["done"] == ["exemption written", "exemption live", "opened"]
    product.rest()
    assert run("evaluate", "--expect", "0")["exempt"] == ["site"]
    assert cloud.oss.bucket("site").acl == "public-read"

    # Somebody deploys who has not got the entry yet.
    ours = reviewed.read_text()
    reviewed.write_text(before)
    stopped = run("doctor", "--before-deploy", ends=1)
    (fault,) = [each for each in stopped["links"] if each["state"] == "fault"]
    assert fault["link"] == "exemptions"
    assert "exempts site (public-read until" in fault["what"]
    found = run("doctor", ends=1)["links"]
    (differs,) = [each for each in found if each["state"] == "fault"]
    assert "runs other code than is built here" in differs["what"]
    assert differs["mend"].startswith("commit it to code/exemptions.yaml")
    (refused,) = run("apply", "--yes", ends=1)["stopped"]
    assert "exempts site" in refused
    assert run("verify", ends=1)["drift"][0]["field"] == "code"

    # The entry is committed, and deployed with all else.
    reviewed.write_text(ours)
    assert run("doctor", "--before-deploy")["sound"]
    shutil.copy(bundle.build(product.folder / "rebuilt", reviewed), product.folder / "build")
    run("apply", "--yes")
    assert run("verify")["drift"] == []
    run("evaluate")
    product.rest()
    assert cloud.oss.bucket("site").acl == "public-read"
    assert run("audit", "--bucket", "site")["lines"][-1]["outcome"] == "exempt"

    # Dropped on purpose it is dropped.
    reviewed.write_text(before)
    shutil.copy(code, product.folder / "build")
    product.shell["EXPECT_DROP"] = "site"
    assert run("doctor", "--before-deploy")["sound"]
    run("apply", "--yes")
    run("evaluate", "--expect", "1")
    assert cloud.oss.bucket("site").acl == "private"


def ends(reviewed: Path) -> str:
    """The last day of the entry that is there."""
    return reviewed.read_text().partition("expires: ")[2].strip()
