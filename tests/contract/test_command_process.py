"""The command as a process: found from anywhere, stopped at any time, and make beside it."""

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from scripts import ROOT, cli
from scripts.account.deployed_function import DeployedFunction
from scripts.docs import permissions
from scripts.localcloud import LocalCloud
from scripts.stage.serve import environment
from scripts.stage.stage import Stage, set_up
from tests import documents

HTTPS = {
    "PREPARE_RULE_ID": "cr-1",
    "s_default_fc_endpoint": "https://1.cn-shanghai.fc.aliyuncs.com",
    "s_default_enable_fc_endpoint": "true",
    **dict.fromkeys(("AccountID", "AccessKeyID", "AccessKeySecret"), "1"),
}
NAMED = {key: value for key, value in os.environ.items() if not key.startswith("MAKE")}
RUN_IT = [sys.executable, "-S", str(ROOT / "scripts/__main__.py")]
ENVELOPE = ["version", "verb", "account_id", "region", "exit", "error"]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project, in a folder with a space and an umlaut, that has an environment."""
    folder = tmp_path_factory.mktemp("a") / "Müllers Projekt"
    unwanted = shutil.ignore_patterns("__pycache__", "localcloud", "bench")
    shutil.copytree(ROOT / "scripts", folder / "scripts", ignore=unwanted)
    shutil.copytree(ROOT / "code", folder / "code", ignore=unwanted)
    shutil.copy(ROOT / "s.yaml", folder)
    (folder / ".venv").symlink_to(sys.prefix)
    return folder


def said(
    command: Sequence[str | Path], cwd: Path, environ: Mapping[str, str] | None = None
) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a command."""
    own = {**NAMED, **(environ or {}), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, cwd=cwd, env=own, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def test_it_works_from_another_folder_and_by_a_link(project: Path, tmp_path: Path) -> None:
    """By its path, and by links to it, relative or not."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/further").symlink_to(project / "scripts/resource-repair")
    (tmp_path / "bin/resource-repair").symlink_to("further")
    for command in (project / "scripts/resource-repair", Path("bin/resource-repair")):
        assert said([command, "--help"], tmp_path) == (0, cli.page(), "")


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash on this machine")
def test_it_is_set_up_as_the_documents_tell(project: Path, tmp_path: Path) -> None:
    """Then the shell finds it by its name, from any folder, and completes its verbs."""
    block = documents.block("docs/deploying.md", "ln -s ")
    link = block.commands[0]
    assert link in documents.text_of("README.md")
    bin_folder = tmp_path / ".local/bin"
    bin_folder.mkdir(parents=True)
    asks = "cd / && resource-repair -h && complete -p resource-repair >&2"
    own = {"HOME": str(tmp_path), "PATH": f"{bin_folder}:{os.environ['PATH']}", "CDPATH": "/"}
    code, out, err = said(["bash", "-ec", f"{block.text}{asks}"], project, own)
    assert (code, out) == (0, cli.page())
    assert err.startswith("complete ")
    assert err.endswith(" resource-repair\n")


def test_paths_are_the_caller_s_and_exit_codes_its_own(project: Path, tmp_path: Path) -> None:
    """A file is looked for where one is; the code is 0, 1 or 2, as the verb's."""
    command = project / "scripts/resource-repair"
    (tmp_path / "own.env").write_text("".join(f"{key}={HTTPS[key]}\n" for key in HTTPS))
    assert said([command, "check-deploy", "--env", "own.env"], tmp_path) == (0, "", "")
    (tmp_path / "exemptions.yaml").write_text("- bucket: 1\n")
    code, _, line = said([command, "check-exemptions", "--exemptions", "exemptions.yaml"], tmp_path)
    assert (code, line.count("\n")) == (1, 1)
    code, _, line = said([command, "status", "--spec", "own.yaml"], tmp_path)
    assert (code, line) == (2, "own.yaml is not there: name the spec with --spec\n")


def test_it_makes_the_environment_where_there_is_none(project: Path, tmp_path: Path) -> None:
    """By make's own target, whose words go to stderr; where that fails it was used wrongly."""
    (tmp_path / "scripts").mkdir()
    command = Path(shutil.copy(project / "scripts/resource-repair", tmp_path / "scripts"))
    (tmp_path / "python").write_text('#!/bin/sh\nshift 2\nprintf "<%s>" "$@"\n')
    (tmp_path / "python").chmod(0o755)
    lock = tmp_path / "scripts/requirements.txt"
    lock.touch()
    (tmp_path / "Makefile").write_text(
        ".venv/.ready: scripts/requirements.txt\n"
        "\techo installing\n\tmkdir -p .venv/bin\n\tmv python .venv/bin\n\ttouch $@\n"
    )
    code, out, err = said([command, "status", "--bucket", "a b"], tmp_path.parent)
    assert (code, out) == (0, "<status><--bucket><a b>")
    assert "installing" in err
    assert said([command, "status"], tmp_path) == (0, "<status>", "")  # once

    ready = (tmp_path / ".venv/.ready").stat().st_mtime
    os.utime(lock, (ready + 1, ready + 1))  # a lock is newer than what is installed
    code, out, err = said([command, "status"], tmp_path)
    assert (code, out) == (2, "")
    assert "installing" in err  # and then there was nothing to install


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize(
    ("module", "says"),
    [
        ("difflib", "stopped before it began"),  # the command's own
        ("cyclopts", "stopped; what was done so far stays, and running it again is safe"),
    ],
)
@pytest.mark.usefixtures("in_foreground")
def test_stopped_while_it_still_imports_it_shows_no_traceback(
    module: str, says: str, number: signal.Signals, tmp_path: Path
) -> None:
    """One line, exit code 1, and the document that --json promises."""
    (tmp_path / f"{module}.py").write_text(
        "import os, time\nos.write(2, b'importing\\n')\ntime.sleep(60)\n"
    )
    command = [*RUN_IT, "status", "--json"]
    environ = {**os.environ, "PYTHONPATH": str(tmp_path)}
    with subprocess.Popen(
        command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr
        assert process.stderr.readline() == "importing\n"
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (1, f"{says}\n")
    document = json.loads(out)
    assert list(document) == ENVELOPE
    assert (document["exit"], document["error"]) == (1, says)


@pytest.mark.usefixtures("in_foreground")
def test_stopped_before_its_first_line_it_shows_no_traceback(project: Path, tmp_path: Path) -> None:
    """What comes while Python itself starts is held back until it can be answered."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])  # which it gets of us
    with subprocess.Popen(
        [*RUN_IT, "status", "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (1, "stopped before it began\n")
    assert json.loads(out)["error"] == err.strip()

    if said(["env", "--block-signal=INT", "true"], tmp_path)[0] == 0:
        look = f"""#!/bin/sh
exec "{sys.executable}" -c 'import signal; print(*map(int, signal.pthread_sigmask(0, [])))'
"""
        (tmp_path / "scripts").mkdir()
        (tmp_path / ".venv/bin").mkdir(parents=True)
        for lock in ("requirements.txt", "requirements-build.txt"):
            (tmp_path / "scripts" / lock).touch()
        (tmp_path / ".venv/bin/python").write_text(look)
        (tmp_path / ".venv/bin/python").chmod(0o755)
        (tmp_path / ".venv/.ready").touch()
        command = shutil.copy(project / "scripts/resource-repair", tmp_path / "scripts")
        code, held, _ = said([command], tmp_path)
        assert (code, held.split()) == (0, ["1", "2", "15"])


@pytest.mark.parametrize("number", ["INT", "TERM", "HUP"])
@pytest.mark.usefixtures("in_foreground")
def test_stopped_before_there_is_a_python_it_says_so(
    number: str, project: Path, tmp_path: Path
) -> None:
    """While the shell still looks for it: one line, exit code 1, and the document of --json."""
    (tmp_path / "env").write_text(f"#!/bin/sh\nkill -{number} $PPID\n")
    (tmp_path / "env").chmod(0o755)
    path = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    command = project / "scripts/resource-repair"
    assert said([command, "--help"], tmp_path, path) == (1, "", "stopped before it began\n")
    code, out, err = said([command, "status", "--json"], tmp_path, path)
    document = json.loads(out)
    assert (code, list(document), document["error"]) == (1, ENVELOPE, err.strip())


@pytest.mark.parametrize(
    "words", [["--help"], ["status", "--help"], ["completion", "bash"], ["check-deploy", "--json"]]
)
def test_a_reader_that_goes_away_is_no_traceback(words: Sequence[str]) -> None:
    """Exit code 1: what was to be told was not."""
    reader, writer = os.pipe()
    os.close(reader)
    environ = {**os.environ, **HTTPS}
    done = subprocess.run(
        [*RUN_IT, *words], env=environ, stdout=writer, stderr=subprocess.PIPE, check=False
    )
    os.close(writer)
    assert (done.returncode, b"Traceback" in done.stderr, b"Exception" in done.stderr) == (
        1,
        False,
        False,
    )


@pytest.fixture(scope="module")
def stage(code: Path) -> Iterator[Stage]:
    """The product on a cloud of its own."""
    with LocalCloud() as cloud:
        yield set_up(cloud, code)


def in_shell(words: str, environ: Mapping[str, str] | None = None) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of the command, with a shell's redirections."""
    return said(["sh", "-c", f"{shlex.join(RUN_IT)} {words}"], ROOT, environ)


# What a console makes of it, kind by kind, is in tests/unit/test_console.py; a process costs more.
@pytest.mark.parametrize("words", ["--help >/dev/full", "status --help >&-", "completion zsh >&-"])
def test_a_page_that_cannot_be_written_is_no_traceback(words: str) -> None:
    """Exit code 1, and the reason, where that can be written."""
    code, _, err = in_shell(words)
    assert (code, err.count("\n"), err[:26]) == (1, 1, "stdout cannot be written (")
    assert in_shell(f"{words} 2>&-") == (1, "", "")


@pytest.mark.parametrize("lost", ["2>/dev/full", "<&- >&- 2>&-"])
def test_a_gate_ends_as_it_judges_whatever_can_be_written(lost: str) -> None:
    """0 where all is well and nothing was to be said, 2 where it refuses."""
    assert in_shell(f"check-deploy {lost}", HTTPS)[0] == 0
    code, out, err = in_shell(f"check-deploy {lost}", {**HTTPS, "PREPARE_RULE_ID": "a-name"})
    assert (code, out, "Traceback" in err) == (2, "", False)


def test_a_file_from_a_closed_stdin_is_refused(stage: Stage) -> None:
    """As one that cannot be read: nothing is published, and nothing judged."""
    environ = {**environment(stage.cloud), "PREPARE_RULE_ID": stage.rule_id}
    code, _, err = in_shell("publish - <&-", environ)
    assert (code, err) == (2, "- cannot be read (it is closed): name an event's file, or -\n")
    code, _, err = in_shell("check-invocation - <&-")
    assert (code, err) == (2, "- cannot be read (it is closed): name another file\n")


def test_a_verb_does_its_work_whatever_can_be_written(stage: Stage) -> None:
    """To pause and to resume goes by what was asked for, and so does the exit code."""
    environ = {**environment(stage.cloud), "PREPARE_RULE_ID": stage.rule_id}

    def paused() -> bool:
        return DeployedFunction.read(stage.spec, stage.clients).pause is not None

    for verb in ("pause >/dev/full", "resume --yes --json <&- >&- 2>&-"):
        code, _, err = in_shell(verb, environ)
        assert (code, "Traceback" in err, paused()) == (0, False, verb.startswith("pause")), verb
    assert in_shell("pause", environ)[0] == 0
    code, _, err = in_shell("resume <&-", environ)
    assert (code, err.split(":")[0], paused()) == (2, "nobody is here to be asked", True)
    assert in_shell("pause --dry-run >/dev/full", environ)[0] == 1


@pytest.mark.parametrize(
    "spoken",
    [
        {"PYTHONIOENCODING": "ascii"},
        {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
    ],
)
def test_a_stream_that_is_not_utf_8_gets_escapes(spoken: dict[str, str], stage: Stage) -> None:
    """What it has no letter for ends no verb."""
    environ = {**environment(stage.cloud), "PREPARE_RULE_ID": stage.rule_id, **spoken}
    code, out, err = in_shell("provision --dry-run", environ)
    assert (code, "https://\\u2026" in out, err) == (0, True, "")


SLOW = {"Tea", "alibabacloud_credentials", "jinja2", "mns", "oss2", "requests", "rich", "yaml"}


def test_help_and_completion_import_no_sdk() -> None:
    """They are asked for often, and an SDK takes longer than all else."""
    pages = [["--help"], *([name, "--help"] for name in cli.VERBS), ["completion", "zsh"]]
    look = (
        "import json, os, sys; from scripts import cli\n"
        f"for words in {pages}:\n"
        "    if os.fork():\n"
        "        os.wait()\n"
        "        continue\n"
        "    code = cli.main(*words)\n"
        "    there = {n for n, m in sys.modules.items() if getattr(m, '__file__', '')}\n"
        f"    slow = sorted({SLOW} & there)\n"
        "    print(json.dumps([words, int(code), slow]), file=sys.stderr)\n"
        "    break\n"
    )
    _, out, err = said([sys.executable, "-c", look], ROOT)
    assert len(out) > 100 * len(pages)
    assert [json.loads(line) for line in err.splitlines()] == [[each, 0, []] for each in pages]


def completed(words: Sequence[str]) -> list[str]:
    """What bash offers for the last of these words."""
    code, script, _ = said([*RUN_IT, "completion", "bash"], ROOT)
    assert code == 0
    run = '_resource_repair; printf "%s\\n" "${COMPREPLY[@]}"'
    line = " ".join(f"'{word}'" for word in ["resource-repair", *words])
    done = said(
        ["bash", "-c", f"{script}\nCOMP_WORDS=({line}); COMP_CWORD={len(words)}; {run}"], ROOT
    )
    assert (done[0], done[2]) == (0, "")
    return done[1].split()


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash on this machine")
def test_bash_completes_verbs_options_and_choices() -> None:
    """The first word is a verb, what begins with a hyphen an option of it, then a choice."""
    assert completed([""]) == [*cli.VERBS]
    assert completed(["re"]) == [name for name in cli.VERBS if name.startswith("re")]
    assert completed(["sweep", "--d"]) == ["--due", "--days", "--dry-run"]
    assert completed(["redrive", "--yes", "--to", ""]) == ["function", "topic"]
    assert completed(["undo", "--acl", "public-read-"]) == ["public-read-write"]
    assert completed(["completion", "z"]) == ["zsh"]


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_take_the_script(shell: str, tmp_path: Path) -> None:
    """It has every verb and option, and where that shell is, the shell reads it."""
    code, script, _ = said([*RUN_IT, "completion", shell], ROOT)
    assert code == 0
    for name in cli.VERBS:
        assert name in script
    assert ("--max-failures[" if shell == "zsh" else "-l max-failures") in script
    if shutil.which(shell):
        (tmp_path / "script").write_text(script)
        assert said([shell, "-n", tmp_path / "script"], tmp_path)[0] == 0


OLD = [*(name for name in permissions.VERBS if name != "probe"), "check-deploy"]


def made(tmp_path: Path, *words: str, **environ: str) -> tuple[int, str, str]:
    """What make says in a folder that has nothing but the Makefile."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    found = said(["make", *words], tmp_path, environ)
    assert [each.name for each in tmp_path.iterdir()] == ["Makefile"]
    return found


@pytest.mark.parametrize("verb", OLD)
def test_an_old_task_of_make_does_nothing_and_names_the_command(verb: str, tmp_path: Path) -> None:
    """Exit code 2, and what to say instead."""
    code, out, err = made(tmp_path, verb)
    assert (code, out) == (2, "")
    assert f"nothing was done. Say: scripts/resource-repair {verb} (--help " in err


@pytest.mark.parametrize(
    "words",
    [
        ("sweep", "BUKET=typo-a", "ARGS=--yes"),
        ("sweep", "bucket=typo-a", "ARGS=--yes"),
        ("doctor", "--dry-run"),
        ("publish",),
        ("demo", "status"),
        ("status", "demo"),
        ("status", 'BUCKET=a"; touch hacked; "'),
        ("status", "BUCKET=$(shell touch hacked)"),
        ("pause", "REASON=$(shell touch hacked)"),
        ("pause", "REASON=`touch hacked`"),
        ("undo", "ARGS=$(shell touch hacked)", "OWNER=$(error hacked)"),
        ("audit", "SHELL=$(shell touch hacked)"),
    ],
    ids=str,
)
def test_nothing_that_stands_beside_an_old_task_is_run_or_expanded(
    words: Sequence[str], tmp_path: Path
) -> None:
    """Whatever a person puts there, in whatever order: exit code 2, and nothing is done."""
    code, out, err = made(tmp_path, *words, REASON="$(shell touch hacked)")
    assert (code, out) == (2, "")
    assert "nothing was done" in err
    assert "hacked" not in err


def test_the_tasks_of_make_are_not_the_verbs(tmp_path: Path) -> None:
    """`make` lists what is done to the project, and where what is done to an account is."""
    code, out, _ = made(tmp_path)
    assert code == 0
    listed: list[Any] = [line.split()[1] for line in out.splitlines() if line.startswith("  make")]
    assert {"demo", "test", "lint", "bundle", "cloud", "clean"} <= set(listed)
    assert not set(listed) & set(cli.VERBS)
    assert "scripts/resource-repair --help" in out
