"""What the command understands, and what it says where it does not."""

import json
import re
from collections.abc import Sequence

import pytest

from scripts import ROOT, cli, version
from scripts.cli import usage
from scripts.cli.options import parsed
from scripts.context import Acting, Verb
from scripts.declared import Generation

ENVELOPE = ["version", "verb", "account_id", "region", "exit", "error"]
VERBS = [name for name in cli.VERBS if name != "completion"]
EVENT = {"publish": ["an-event"], "invoke": ["an-event"], "check-invocation": ["a-file"]}


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """What is said of words that are refused: exit code 2, one line, the same in the document."""
    assert cli.run(*words, environ={}) == 2
    said = capsys.readouterr()
    assert said.err.count("\n") == 1
    assert said.out == ""

    assert cli.run(*words, "--json", environ={}) == 2
    told = json.loads(capsys.readouterr().out)
    assert list(told) == ENVELOPE
    assert (told["version"], told["exit"], told["error"]) == (1, 2, said.err.strip())
    return said.err.strip()


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_refuses_an_option_that_it_does_not_know(
    verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the one that was perhaps meant, before anything is read or asked."""
    said = refused(capsys, verb, *EVENT.get(verb, []), "--jsom")
    assert said == f"there is no option --jsom, perhaps --json; see `resource-repair {verb} --help`"


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_refuses_a_stray_word(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A word too many is not passed over."""
    said = refused(capsys, verb, *EVENT.get(verb, []), "stray")
    assert said.startswith("'stray' is a word too many")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["swep"], "'swep' is no verb, perhaps sweep: `resource-repair --help` lists them"),
        (["--yes", "sweep"], "'--yes' is no verb, options come after it"),
        (["sweep", "--buket", "a"], "there is no option --buket, perhaps --bucket"),
        (["sweep", "--Bucket=a"], "there is no option --Bucket, perhaps --bucket"),
        (["sweep", "--no-due"], "there is no option --no-due, perhaps --due"),
        (["sweep", "BUCKET=a"], "'BUCKET=a' is of make: --bucket a is perhaps meant"),
        (["sweep", "bucket=a b"], "'bucket=a b' is of make: --bucket 'a b' is perhaps meant"),
        (["sweep", "MAX_FAILURES=3"], "is of make: --max-failures 3 is perhaps meant"),
        (["sweep", "DUE=1"], "'DUE=1' is of make: --due is perhaps meant"),
        (["sweep", "BUCKET="], "'BUCKET=' is of make: --bucket NAME is perhaps meant"),
        (["sweep", "due"], "'due' is a word too many, perhaps --due: options begin with --"),
        (["sweep", "--bucket"], "--bucket wants a value after it"),
        (["sweep", "--bucket", "--yes"], "--bucket wants a value after it"),
        (["sweep", "--expect", "1.5"], "--expect 1.5 is no whole number"),
        (["sweep", "--expect", "0x10"], "--expect 0x10 is no whole number"),
        (["sweep", "--expect="], "--expect '' says nothing: say N (how many buckets"),
        (["sweep", "--expect", "-1"], "--expect -1: say a whole number from 0 to 1000000"),
        (["sweep", "--expect", "1e3"], "--expect 1e3 is no whole number"),
        (["sweep", "--limit", "1_0"], "--limit 1_0 is no whole number: say one from 1 to 1000000"),
        (["sweep", "--limit", "\u0661"], "--limit \u0661 is no whole number"),
        (["sweep", "--limit", "9" * 40], "is no whole number: say one from 1 to 1000000"),
        (["sweep", "--limit=0"], "--limit 0: say a whole number from 1"),
        (["sweep", "--parallel", "101"], "--parallel 101: say a whole number from 1 to 100"),
        (["sweep", "--max-failures", "-1"], "--max-failures -1: say a whole number from 0"),
        (["sweep", "--grace", "-0.5"], "--grace -0.5: say a number from 0 to 10080"),
        (["sweep", "--grace", " 5"], "--grace  5 is no number"),
        (["redrive", "--limit", "0"], "--limit 0: say a whole number from 1"),
        (["redrive", "--timeout", "3601"], "--timeout 3601: say a number from 1 to 3600"),
        (["evaluate", "--timeout", "-1"], "--timeout -1: say a number from 0 to 86400"),
        (["evaluate", "--timeout", "1e9"], "--timeout 1e9 is no number"),
        (["verify", "--timeout", "-1"], "--timeout -1: say a number from 0 to 86400"),
        (["publish", "a", "--timeout", "1_0"], "--timeout 1_0 is no number"),
        (["test-alert", "--timeout", "-0.1"], "--timeout -0.1: say a number from 0 to 86400"),
        (["undo", "--watch", "-3"], "--watch -3: say a number from 0 to 86400"),
        (["undo", "--days", "-1"], "--days -1: say a number from 0 to"),
        (["status", "--days", "\uff17"], "is no number: say one from 0 to"),
        (["audit", "--since", "-5h"], "--since -5h: '-5h' is no time: say how long ago (90m, 24h"),
        (["audit", "--until=soon"], "--until soon: 'soon' is no time"),
        (["report", "--since", "7"], "--since 7: '7' is no time"),
        (["sweep", "--dry_run"], "there is no option --dry_run, perhaps --dry-run"),
        (["sweep", "--json.a"], "there is no option --json.a, perhaps --json"),
        (["sweep", "-yes"], "there is no option -yes, perhaps --yes"),
        (["sweep", "--yes=no"], "--yes=no: --yes takes no value: say it alone, or leave it out"),
        (["sweep", "-y="], "-y=: -y takes no value"),
        (["publish", "--event", "a"], "no option --event: EVENT is a word of its own"),
        (["publish", "a", "--event=b"], "no option --event: EVENT is a word of its own"),
        (["check-invocation", "--output", "a"], "OUTPUT is a word of its own, without a name"),
        (["publish", ""], "'' is an empty word: say what is meant, or leave it out"),
        (["pause", "--reason", "-"], "--reason - says nothing: say WHY (kept with the pause)"),
        (["pause", "--reason="], "--reason '' says nothing: say WHY (kept with the pause)"),
        (["audit", "--bucket", ""], "--bucket '' says nothing: say NAME"),
        (["sweep", "--bucket", "-"], "--bucket - says nothing: say NAME"),
        (["check-invocation", "a", "--outcome", ""], "--outcome '' says nothing: say TEXT"),
        (["report", "--output=-"], "--output - says nothing: say FILE"),
        (["status", "--spec", ""], "--spec '' says nothing: say FILE"),
        (["status", "--spec", "/"], "/ is a folder: name the spec in it, as --spec //s.yaml"),
        (["status", "--spec", "a" * 300], "is not there: name the spec with --spec"),
        (["sweep", "--grace", "nan"], "--grace nan is no number"),
        (["evaluate", "--timeout", "inf"], "--timeout inf is no number"),
        (["evaluate", "--timeout", "1m"], "--timeout 1m is no number"),
        (["redrive", "--to", "topc"], "--to topc: say function or topic, perhaps topic"),
        (["undo", "--acl", "private"], "--acl private: say public-read or public-read-write"),
        (["sweep", "--expect", "1", "--expect", "2"], "--expect is said twice: say it once"),
        (["publish"], "EVENT is missing: a file with the event, or - for stdin"),
        (["invoke"], "EVENT is missing: a file with the event, or - for stdin"),
        (["doctor", "--yes"], "there is no option --yes"),
        (["sweep", "--spec", "absent.yaml"], "absent.yaml is not there: name the spec with --spec"),
    ],
)
def test_what_cannot_be_meant_is_one_line(
    words: Sequence[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """What it is, and what to do."""
    assert says in refused(capsys, *words)


def options(name: str, *words: str) -> Acting:
    """The options of a verb."""
    found = parsed(cli.load(name), words)
    assert isinstance(found, Acting)
    return found


def test_options_are_typed() -> None:
    """Repeated ones are all taken, `--name=value` is `--name value`, and -y is --yes."""
    swept = vars(options("sweep", "--bucket", "a", "--bucket=b", "--limit", "3", "-y"))
    assert (swept["bucket"], swept["limit"], swept["yes"]) == (("a", "b"), 3, True)
    assert (swept["due"], swept["expect"], swept["grace"]) == (False, None, 5.0)
    assert str(vars(options("publish", "-"))["event"]) == "-"
    assert vars(options("pause", "--reason", "-a=b"))["reason"] == "-a=b"
    assert vars(options("sweep", "--grace", ".5", "--limit=3"))["grace"] == 0.5
    assert vars(options("pause", "--reason", '$(shell x) "; "'))["reason"] == '$(shell x) "; "'


def test_what_the_shell_exports_is_no_option(monkeypatch: pytest.MonkeyPatch) -> None:
    """An exported BUCKET, which make took for its own, narrows nothing."""
    for name in ("BUCKET", "bucket", "ARGS", "RESOURCE_REPAIR_BUCKET", "SWEEP_BUCKET", "YES"):
        monkeypatch.setenv(name, "alpha")
    assert options("sweep") == type(options("sweep"))()


def test_the_page_has_every_verb(capsys: pytest.CaptureFixture[str]) -> None:
    """`--help`, `-h` and `help` tell each in a line, how to use it, and the exit codes."""
    assert cli.run("--help") == 0
    said = capsys.readouterr().out
    modules = {path.stem for path in (ROOT / "scripts/verbs").iterdir()} - {"__init__"}
    assert {name.replace("_", "-") for name in modules if name[0] != "_"} == set(VERBS)
    assert [
        line.split()[0] for line in said.splitlines() if line[2:].split(" ")[0] in VERBS
    ] == VERBS
    assert "0 done, 1 found a problem, 2 used wrongly" in said
    assert max(map(len, said.splitlines())) <= 100
    for words in (["-h"], ["help"], ["--help", "-h"], ["completion", "--help"]):
        assert cli.run(*words) == 0
        assert capsys.readouterr().out == said


@pytest.mark.parametrize("name", VERBS)
def test_the_help_of_a_verb_tells_all_of_it(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What it does, each option, each permission that it needs."""
    assert cli.run(name, "--help") == 0
    said = capsys.readouterr().out
    for words in ([name, "-h"], ["--help", name], ["help", name]):
        assert cli.run(*words) == 0
        assert capsys.readouterr().out == said
    verb = cli.load(name)
    assert verb.name == name
    assert said == usage.of(verb)
    assert verb.does.strip() in said
    assert not re.search(r"default: \d+\.0\b", said)  # it is typed as a whole number
    for field in verb.options.__dataclass_fields__:
        assert field.upper() in said or f"--{field.replace('_', '-')}" in said
    for permission in verb.permissions if isinstance(verb, Verb) else ():
        row = [permission.action, permission.resource]
        (told,) = (line for line in said.splitlines() if line.split()[:2] == row)
        on_2_alone = permission not in verb.needs(Generation.FC3)
        assert told.endswith("  (not on Function Compute 3.0)") is on_2_alone


def test_it_tells_its_version(capsys: pytest.CaptureFixture[str]) -> None:
    """That of pyproject.toml, in a line; beside anything else it is no option."""
    assert cli.run("--version") == 0
    assert capsys.readouterr().out == f"resource-repair {version()}\n"
    assert f'version = "{version()}"' in (ROOT / "pyproject.toml").read_text().splitlines()
    for words in (["--version", "status"], ["status", "--version"]):
        assert cli.run(*words, environ={}) == 2


def test_help_for_no_verb_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """A verb that there is not has no help, but perhaps another was meant."""
    assert cli.run("swep", "--help") == 2
    assert "'swep' is no verb, perhaps sweep" in capsys.readouterr().err


@pytest.mark.parametrize(("word", "wanted"), [("--json=true", True), ("--json=false", False)])
def test_a_document_comes_as_the_option_says(
    word: str, wanted: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also where it is written out."""
    assert cli.run("check-deploy", word, environ={}) == 2
    assert bool(capsys.readouterr().out) is wanted


def test_without_a_verb_it_says_how_to_find_one(capsys: pytest.CaptureFixture[str]) -> None:
    """To say nothing is to use it wrongly."""
    assert cli.run() == 2
    assert capsys.readouterr().err == "say what to do: `resource-repair --help` lists the verbs\n"


def test_a_word_after_two_hyphens_is_no_option(capsys: pytest.CaptureFixture[str]) -> None:
    """So an event may be called --help; and no document is wanted by --json there."""
    assert str(vars(options("publish", "--", "--help"))["event"]) == "--help"
    assert cli.run("status", "--", "--json", environ={}) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("'--json' is a word too many: options stand before --; see ")


@pytest.mark.parametrize("words", [[], ["tcsh"], ["bash", "zsh"]])
def test_completion_of_no_such_shell_is_refused(
    words: Sequence[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """It names the shells that there are."""
    assert cli.run("completion", *words) == 2
    says = "say for which shell: `resource-repair completion bash|zsh|fish`"
    assert capsys.readouterr().err.strip() == says
    assert cli.run("completion", *words, "--json") == 2
    assert json.loads(capsys.readouterr().out)["error"] == says


def test_what_completes_words_is_no_document(capsys: pytest.CaptureFixture[str]) -> None:
    """With --json that is said, and not that the shell is missing."""
    assert cli.run("completion", "bash", "--json") == 2
    said = json.loads(capsys.readouterr().out)["error"]
    assert said == "what completes words is no document: `resource-repair completion bash`"
