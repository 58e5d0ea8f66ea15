"""What is told by issues, what is proposed, what is asked of OSV, and what is newer."""

import json
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from scripts.upkeep import refresh, vulnerable
from tests.pipeline import Ran, Runner, command, workflow

# Keeps in a file what it was told, and answers what gh would of it.
GH = """
import json, os, pathlib, sys
words = sys.argv[1:]
said = pathlib.Path(os.environ["GH_SAID"])
told = json.loads(said.read_text()) if said.exists() else []
if words[:2] == ["issue", "list"]:
    assert words[2:6] == ["--app", "github-actions", "--state", "open"], words
    print("\\n".join(each[3] for each in told if each[:2] == ["issue", "create"]))
elif words[:2] == ["pr", "list"]:
    print("\\n".join("7" for each in told if each[:2] == ["pr", "create"]))
else:
    said.write_text(json.dumps([*told, words]))
"""


def told(runner: Runner) -> list[list[str]]:
    """What was done by gh."""
    said = Path(runner.shell["GH_SAID"])
    return json.loads(said.read_text()) if said.exists() else []


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    """A runner with a `gh` that notes what is done."""
    command(tmp_path / "commands", "gh", GH)
    (tmp_path / "work").mkdir()
    known = {"github.repository": "team/repair", "github.run_id": "1", "github.server_url": "h"}
    shell = {"GH_SAID": str(tmp_path / "said"), "HOME": str(tmp_path)}
    return Runner(tmp_path / "work", tmp_path / "commands", known, **shell)


def tell(runner: Runner, sweep: str, verify: str, doctor: str) -> Ran:
    """Run the job that tells of what the nightly steps came to."""
    job = workflow("sweep.yml")["jobs"]["tell"]
    outcomes = {"sweep": sweep, "verify": verify, "doctor": doctor}
    known = {f"needs.sweep.outputs.{name}": outcome for name, outcome in outcomes.items()}
    runner.known = {**runner.known, **known}
    (step,) = job["steps"]
    return runner.run(step, job)


@pytest.mark.parametrize(
    ("outcomes", "titles"),
    [
        (("failure", "success", "success"), ["The nightly sweep left something open"]),
        (("success", "failure", "success"), ["What is live is not what s.yaml declares"]),
        (
            ("success", "success", "failure"),
            ["A finding would be lost, or waits in the failure queue"],
        ),
        (("", "", ""), ["The nightly sweep did not come to its end"]),
        (("success", "success", "cancelled"), ["The nightly sweep did not come to its end"]),
    ],
)
def test_each_cause_opens_one_issue_while_it_is_open(
    runner: Runner, outcomes: tuple[str, str, str], titles: list[str]
) -> None:
    """The next night opens none of it again, and one of another cause beside it."""
    for _ in range(2):
        ran = tell(runner, *outcomes)
        assert ran.ends == 0, ran
        assert [each[3] for each in told(runner)] == titles
        assert told(runner)[0][5].endswith("h/team/repair/actions/runs/1")
    tell(runner, "failure", "failure", "failure")
    after = [each[3] for each in told(runner)]
    assert len(set(after)) == len(after) == (4 if "end" in titles[0] else 3)


def git(folder: Path, *words: str) -> str:
    """What git says in a folder."""
    known = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    done = subprocess.run(
        ["git", *known, *words], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout


def test_newer_locks_are_proposed_once_and_nothing_but_locks(
    runner: Runner, tmp_path: Path
) -> None:
    """A branch with what the patch changes in locks, one pull request, its checks each time."""
    work = runner.folder
    git(tmp_path, "init", "--quiet", "--bare", "origin")
    git(work, "init", "--quiet", "--initial-branch=main")
    git(work, "remote", "add", "origin", str(tmp_path / "origin"))
    names = (
        "pyproject.toml",
        "scripts/requirements.txt",
        "code/requirements/function.txt",
        "s.yaml",
    )
    for name in (*names, "scripts/requirements_evil.py"):
        (work / name).parent.mkdir(parents=True, exist_ok=True)
        (work / name).write_text("old\n")
    git(work, "add", ".")
    git(work, "commit", "--quiet", "--message", "all")
    for name in (*names, "scripts/requirements_evil.py"):
        (work / name).write_text("new\n")
    patch = git(work, "diff")
    git(work, "checkout", "--quiet", ".")
    (work / "build").mkdir()

    job = workflow("upkeep.yml")["jobs"]["propose"]
    step = job["steps"][-1]
    (work / "build/locks.patch").write_text("")
    assert runner.run(step, job).said == "nothing is newer\n"
    assert told(runner) == []

    (work / "build/locks.patch").write_text(patch)
    for runs in (1, 2):
        ran = runner.run(step, job)
        assert ran.ends == 0, ran
        changed = git(work, "diff", "--name-only", "main", "origin/upkeep/locks").split()
        assert changed == sorted(names[:3])
        done = [each[:2] for each in told(runner)]
        assert done.count(["pr", "create"]) == 1
        assert done.count(["workflow", "run"]) == runs
        git(work, "switch", "--quiet", "main")
        git(work, "branch", "--quiet", "-D", "upkeep/locks")


@contextmanager
def osv(answers: list[dict[str, Any]]) -> Iterator[tuple[str, list[Any]]]:
    """An OSV on loopback that gives these answers, and what it was asked."""
    asked: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            body = json.dumps(answers.pop(0)).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/v1/querybatch", asked
        server.shutdown()


def test_a_known_vulnerability_of_any_lock_fails(capsys: pytest.CaptureFixture[str]) -> None:
    """Each locked version is asked about, the client's too; a further page is asked for."""
    asked = list(vulnerable.locked())
    locks = {one.lock for one in asked}
    assert {"scripts/requirements-dev.txt", ".github/client/package-lock.json"} <= locks
    assert ("npm", "@serverless-devs/s", "3.1.10") in {one[:3] for one in asked}
    here = next(number for number, one in enumerate(asked) if one.name == "rich")
    nothing: list[dict[str, Any]] = [{} for _ in asked]
    first = [*nothing[:here], {"next_page_token": "more"}, *nothing[here + 1 :]]
    with osv([{"results": first}, {"results": [{"vulns": [{"id": "GHSA-1"}]}]}]) as (api, said):
        assert vulnerable.main(api) == 1
    assert len(said[0]["queries"]) == len(asked)
    assert [each["page_token"] for each in said[1]["queries"]] == ["more"]
    told = capsys.readouterr().out
    assert f"rich {asked[here].version} of {asked[here].lock}: GHSA-1, vulnerable" in told


def test_none_known_is_well_and_what_is_not_deployed_is_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Of `requests` the bundle has one file: its advisories are told, and fail nothing."""
    asked = list(vulnerable.locked())
    with osv([{"results": [{} for _ in asked]}]) as (api, _):
        assert vulnerable.main(api) == 0
    results: list[Any] = [{"vulns": [{"id": "GHSA-2"}]} if one.excuse else {} for one in asked]
    with osv([{"results": results}]) as (api, _):
        assert vulnerable.main(api) == 0
    told = capsys.readouterr().out
    assert (
        "code/requirements/function.txt: GHSA-2, left (of it the bundle has structures.py" in told
    )
    assert {one.name for one in asked if one.excuse and "function" in one.lock} == {
        "certifi",
        "requests",
    }


def test_what_was_accepted_by_its_id_is_told_with_the_reason(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It fails nothing, as long as it stands in the table."""
    monkeypatch.setitem(vulnerable.ACCEPTED, "GHSA-3", "no fix yet; until March")
    results = [{"vulns": [{"id": "GHSA-3"}]} for _ in vulnerable.locked()]
    with osv([{"results": results}]) as (api, _):
        assert vulnerable.main(api) == 0
    assert "GHSA-3, left (no fix yet; until March)" in capsys.readouterr().out


def test_an_answer_that_is_none_is_not_taken_for_good() -> None:
    """Too few results, none at all, or nobody there: it fails."""
    for answer in ({"results": []}, {"error": "busy"}):
        with osv([answer]) as (api, _):
            assert vulnerable.main(api) == 1
    assert vulnerable.main(api) == 1  # it is gone


def test_pins_move_to_the_newest_but_those_that_the_function_shares() -> None:
    """The authorities move in both; what stands beside a pin keeps its column."""
    project = 'a = [\n  "oss2==2.19.1",    # OSS\n  "PyYAML==6.0.3",   # s.yaml\n]\n'
    function = "oss2==2.19.1  # OSS\ncertifi==2026.1.1  # trust\n"
    pinned = refresh.pins(project)
    assert pinned == {"oss2": "2.19.1", "PyYAML": "6.0.3"}
    wanted = refresh.wanted(pinned, refresh.pins(function))
    assert wanted == ["oss2==2.19.1", "PyYAML", "certifi"]
    newest = {"oss2": "2.19.1", "pyyaml": "6.0.10", "certifi": "2026.11.2"}
    assert refresh.with_pins(project, newest) == project.replace('6.0.3",   #', '6.0.10",  #')
    moved = refresh.with_pins(function, {"certifi": newest["certifi"]})
    assert moved == "oss2==2.19.1  # OSS\ncertifi==2026.11.2  # trust\n"


UV = """
import sys
assert sys.argv[1:3] == ["pip", "compile"], sys.argv
names = sys.stdin.read().split()
if "none-such" in names:
    sys.exit(2)
print("\\n".join(name if "==" in name else name.lower() + "==9.9" for name in names))
"""


def test_what_is_newest_is_written_or_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both files by what uv says; where it finds nothing that goes together, neither."""
    command(tmp_path / "commands", "uv", UV)
    monkeypatch.setenv("PATH", f"{tmp_path / 'commands'}:/usr/bin:/bin")
    monkeypatch.setattr(refresh, "ROOT", tmp_path)
    monkeypatch.setattr(refresh, "CODE", tmp_path)
    (tmp_path / "requirements").mkdir()
    project, function = tmp_path / "pyproject.toml", tmp_path / "requirements/function.in"
    project.write_text('["oss2==2.1", "PyYAML==6.0"]\n')
    function.write_text("oss2==2.1\nsix==1.1\ncertifi==1\n")
    assert refresh.main() == 0
    assert project.read_text() == '["oss2==2.1", "PyYAML==9.9"]\n'
    assert function.read_text() == "oss2==2.1\nsix==1.1\ncertifi==9.9\n"

    project.write_text('["none-such==1.0", "PyYAML==6.0"]\n')
    assert refresh.main() == 2
    assert project.read_text() == '["none-such==1.0", "PyYAML==6.0"]\n'
