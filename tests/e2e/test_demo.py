"""The demo's verdict is worth something: it fails when a promise does not hold."""

from pathlib import Path

import pytest
from alibabacloud_fc_open20210406 import models

from scripts.localcloud import LocalCloud
from scripts.stage import demo, stage
from tests.account import FUNCTION, SERVICE


def test_it_fails_when_nothing_is_repaired(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With a function that only reports, the demo says what did not hold and exits with 1."""

    def reporting(cloud: LocalCloud, code: Path) -> stage.Stage:
        made = stage.set_up(cloud, code)
        variables = {**made.spec.function.environment, "repairMode": "report"}
        request = models.UpdateFunctionRequest(environment_variables=variables)
        made.clients.fc.update_function(SERVICE, FUNCTION, request)
        return made

    monkeypatch.setattr(demo, "set_up", reporting)
    assert demo.main() == 1
    told = capsys.readouterr()
    assert "NO   nobody can once it is closed" in told.out
    assert "NO   config-snapshot: repaired, and private" in told.out
    assert "yes  config-website: exempt, and public-read" in told.out
    assert "things were not as promised" in told.err


def test_it_fails_when_a_deleted_bucket_comes_back(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """If somebody creates the deleted bucket again, the demo notices."""

    def come_back(cloud: LocalCloud, code: Path) -> stage.Stage:
        made = stage.set_up(cloud, code)
        oss = made.cloud.oss
        delete = oss.delete

        def delete_and_create(name: str) -> None:
            delete(name)
            oss.create(name)

        monkeypatch.setattr(oss, "delete", delete_and_create)
        return made

    monkeypatch.setattr(demo, "set_up", come_back)
    assert demo.main() == 1
    assert "NO   config-deleted: gone" in capsys.readouterr().out
