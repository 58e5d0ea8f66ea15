"""Every example event, through the bundle, on every Python that Function Compute has."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from scripts import ROOT
from scripts.localcloud import LocalCloud
from scripts.pythons import RUNTIMES
from scripts.stage.stage import Stage, set_up
from tests.conftest import missing_runtime
from tests.e2e import scene

EVENTS = ROOT / "events"
SLOW = ("already_private", "exempt", "exposed", "gone")  # what is looked at twice
ROW = re.compile(
    r"\| `(?P<file>[^`]+)` \| (?P<outcomes>[a-z_, ]+) \| (?P<end>success|fail|error) \|"
)


def table() -> dict[str, tuple[list[str], str]]:
    """The expectations in events/README.md: file, outcomes, how it ends."""
    rows = ROW.finditer((EVENTS / "README.md").read_text())
    return {row["file"]: (row["outcomes"].split(", "), row["end"]) for row in rows}


@pytest.fixture(scope="module", params=sorted(RUNTIMES))
def stage(request: pytest.FixtureRequest, code: Path) -> Iterator[Stage]:
    """The product on a local cloud, its function of one runtime."""
    with LocalCloud(account_id=scene.ACCOUNT) as cloud:
        interpreter = cloud.fc.interpreter(request.param)
        if interpreter.substituted:
            missing_runtime(RUNTIMES[request.param])
        stage = set_up(cloud, code, runtime=request.param, prepareRuleId=scene.RULE_ID)
        cloud.config.switch_rule(stage.rule_id, active=False)  # the events come by hand alone
        yield stage


def test_the_table_names_every_event() -> None:
    """Each file in events/ has its expectation, and each expectation its file."""
    files = {path.name for path in EVENTS.iterdir() if path.name != "README.md"}
    assert set(table()) == files


@pytest.fixture(scope="module")
def seen_twice(stage: Stage) -> dict[str, scene.Ran]:
    """The events that change nothing, and take three seconds for that: all of them at once."""
    names = [name for name in table() if name.startswith(SLOW)]
    scene.lay(stage)
    with ThreadPoolExecutor(len(names)) as pool:
        events = ((EVENTS / name).read_bytes() for name in names)
        ran = dict(zip(names, pool.map(partial(scene.run, stage), events), strict=True))
    left = {bucket: stage.cloud.oss.bucket(bucket).acl for bucket in stage.cloud.oss.names()}
    assert left == {bucket: acl for bucket, (_, acl) in scene.BUCKETS.items()}
    return ran


@pytest.mark.parametrize("name", sorted(table()))
def test_an_event_gives_what_its_name_says(
    stage: Stage, seen_twice: dict[str, scene.Ran], name: str
) -> None:
    """The file's outcomes and end are those of the table, and no bucket but its own changed."""
    outcomes, end = table()[name]
    scene.lay(stage)
    result = seen_twice.get(name) or scene.run(stage, (EVENTS / name).read_bytes())

    assert sorted(result.outcomes) == sorted(outcomes)
    assert (result.answer or "error") == end
    if end == "error":
        assert result.error["errorType"] == "UnsettledFindingsError"
    closed = {line["bucket"] for line in result.audit if line["outcome"] == "repaired"}
    for bucket, (_, acl) in scene.BUCKETS.items():
        assert stage.cloud.oss.bucket(bucket).acl == ("private" if bucket in closed else acl)
    assert set(stage.cloud.oss.names()) == set(scene.BUCKETS)
    assert name.startswith((*outcomes, end))
