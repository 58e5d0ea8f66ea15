"""The demo's verdict is worth something: it fails when a promise does not hold."""

from functools import partial
from typing import Any

import pytest

from scripts.stage import demo, stage


def test_it_fails_when_nothing_is_repaired(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With a function that only reports, the demo says what did not hold and exits with 1."""
    monkeypatch.setattr(demo, "set_up", partial(stage.set_up, repairMode="report"))
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

    def come_back(*arguments: Any, **more: Any) -> stage.Stage:
        made = stage.set_up(*arguments, **more)
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
