"""What is wrong in s.yaml is told in one line, by the place where it is edited."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scripts.declared import PATH, load
from scripts.errors import UsageError

ACCOUNT = "1234567890123456"
ENVIRON = {"PREPARE_RULE_ID": "cr-b9046457e0d9003f0000"}
SOURCE = PATH.read_text("utf-8")
BARE = re.sub(r"(?m)(^| )#.*$", "", SOURCE)  # the same, each value in its line, and faster to read
PROPS = "services.repair.props"

# None of these can stand anywhere in it.
NOWHERE = ["~", "[]", "{}", "1.5", "true", "2026-01-01", "2026-99-99", "''", "!x y"]
# Nor can these, where variables are resolved.
UNKNOWN = ["${vars.nothing}", "a-${vars.nothing}", "${ vars.mode }", "${vars.mode", "${env(A)}"]
# Any text may stand here.
FREE = ("run", "path", "description", "ruleName", "Action", "Resource", "access", "exemptTag")


class Leaf(NamedTuple):
    """A value in the file that is no mapping and no list."""

    path: str
    line: int
    text: str
    start: int
    end: int

    def replaced_by(self, text: str) -> str:
        """The file, without comments, with another value in its place, which is used."""
        after = BARE[self.end :]
        if self.path.endswith(".leastPrivilege"):
            after = after.replace("role: *fullAccess", "role: *leastPrivilege")
        return f"{BARE[: self.start]}{text}{after}"


def leaves(node: yaml.Node | None, path: str = "") -> Iterator[Leaf]:
    """All of them, found without the product's own reader."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from leaves(value, f"{path}.{key.value}".lstrip("."))
    elif isinstance(node, yaml.SequenceNode):
        for n, item in enumerate(node.value):
            yield from leaves(item, f"{path}[{n}]")
    elif node:
        start, end = node.start_mark, node.end_mark
        anchor = re.match(r"(&\w+\s+)?", BARE[start.index :])
        after = len(anchor[0]) if anchor else 0
        yield Leaf(path, start.line + 1, node.value, start.index + after, end.index)


LEAVES = list({leaf.start: leaf for leaf in [*leaves(yaml.compose(BARE))][::-1]}.values())[::-1]
"""Each once: of what an alias stands for, that is where its anchor is."""


def test_without_comments_it_says_the_same() -> None:
    """Each value stands in the same line, so that it may be planted there in place of the file."""
    found = [[each[:3] for each in leaves(yaml.compose(text))] for text in (SOURCE, BARE)]
    assert found[0] == found[1]


def refusal(folder: Path, text: str, environ: dict[str, str] | None = None) -> str:
    """The one line that is said to this s.yaml."""
    (folder / "s.yaml").write_text(text, "utf-8")
    with pytest.raises(UsageError) as caught:
        load(folder / "s.yaml", ENVIRON if environ is None else environ, ACCOUNT)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def wrong_at(leaf: Leaf) -> list[str]:
    """What cannot stand at this place."""
    name = leaf.path.rpartition(".")[2].partition("[")[0]
    allowed = {leaf.text, {"exemptTag": "''", "access": "''"}.get(name, "")}
    wrong = [each for each in NOWHERE if each not in allowed]
    if name not in FREE:
        wrong.append("'?'")
    if leaf.path.startswith(("vars.", PROPS)):
        wrong += [f'"{each}"' for each in UNKNOWN]
    return wrong


@pytest.mark.parametrize("each", [3, pytest.param(1, marks=pytest.mark.bad_days)])
@pytest.mark.parametrize("leaf", LEAVES, ids=lambda leaf: leaf.path)
def test_a_wrong_value_is_told_where_it_is_edited(tmp_path: Path, leaf: Leaf, each: int) -> None:
    """For every value of the project's s.yaml: its own path and line, wherever it ends up."""
    for wrong in wrong_at(leaf)[leaf.line % each :: each]:
        said = refusal(tmp_path, leaf.replaced_by(wrong))
        first = said.startswith(f"s.yaml, line {leaf.line}: {leaf.path} ")
        assert first or f"{leaf.path} (s.yaml, line {leaf.line}: " in said, (wrong, said)


def edited(before: str, after: str) -> str:
    """The project's s.yaml with one text in it replaced."""
    assert SOURCE.count(before) == 1
    return SOURCE.replace(before, after)


def line_of(text: str) -> int:
    """The line of the project's s.yaml that has the text."""
    return SOURCE[: SOURCE.index(text)].count("\n") + 1


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("mode: enforce", "mode: enforec", "vars.mode is 'enforec': it may be enforce or report"),
        ("mode: enforce", "mode: ${config(AccountID)}", f"vars.mode is '{ACCOUNT}': it may be"),
        ("mode: enforce", "mode: off", "vars.mode is false: it may be enforce or report"),
        ("logLevel: INFO", "logLevel: LOUD", "vars.logLevel is 'LOUD': it may be DEBUG or INFO or"),
        ("exemptTagDays: 7", "exemptTagDays: 91", "vars.exemptTagDays is 91: it must be a number"),
        ("memory: 512", "memory: 500", "vars.memory is 500: it must be a whole number from 128 to"),
        ("region: cn-shanghai", "region: cn-shanghia", "vars.region is 'cn-shanghia': there is no"),
        ("timeout: 60", "timeout: '60'", "vars.timeout is '60': it must be a whole number from 5"),
    ],
)
def test_what_may_stand_there_is_told(tmp_path: Path, before: str, after: str, says: str) -> None:
    """A knob with a wrong value is told by its name, its line, its value, and what it may be."""
    said = refusal(tmp_path, edited(f"  {before}\n", f"  {after}\n"))
    assert said.startswith(f"s.yaml, line {line_of(f'  {before}')}: {says}")


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        (
            "handler: index",
            "hanlder: index",
            f"{PROPS}.function.hanlder is not known here: handler",
        ),
        ("repairMode:", "repairMod:", ".repairMod is not known to the function: repairMode is"),
        ("runtime: ${", "runTime: ${", f"{PROPS}.function.runTime is not known here: runtime is"),
        ("  logRetention:", "  logRetenton:", "vars.logRetenton is used nowhere: logRetention is"),
        ("ruleName:", "rulename:", "vars.rulename is used nowhere: ruleName is perhaps meant"),
        ("  mode: enforce\n", "  mod: 1\n  mode: enforce\n", "vars.mod is used nowhere: take it"),
        (
            "        logConfig:\n",
            "        vpcConfig: {}\n        logConfig:\n",
            "is not supported: take",
        ),
        (
            "topicName:",
            "filterTag: oss\n            topicName:",
            "lets no finding pass: take it out",
        ),
        ("services:\n", "service:\n", "service is not known here: services is perhaps meant"),
        ("pre-deploy:", "predeploy:", "actions.predeploy is not known here: it must be such as"),
    ],
)
def test_a_name_that_is_not_known_is_told(
    tmp_path: Path, before: str, after: str, says: str
) -> None:
    """By the line in which it stands, wherever its value comes from, and with what is meant."""
    said = refusal(tmp_path, edited(before, after))
    assert said.startswith(f"s.yaml, line {line_of(before)}: ")
    assert says in said


def test_a_variable_that_is_misspelt_is_told_with_its_line(tmp_path: Path) -> None:
    """A knob that lost its name is told both by what refers to it and by the name that it has."""
    said = refusal(tmp_path, edited("  memory: 512", "  memroy: 512"))
    assert said.startswith(f"s.yaml, line {line_of('memorySize')}: {PROPS}.function.memorySize ")
    assert f"vars.memroy (s.yaml, line {line_of('  memory: ')}) is perhaps meant" in said


def test_text_names_the_parts_that_it_is_put_together_from(tmp_path: Path) -> None:
    """Each once, with its own value and place, whether of the file, of .env, or of the shell."""
    (tmp_path / ".env").write_text("# ours\nTEAM='web team'\n", "utf-8")
    name = "logProject: resource-repair-${config(AccountID)}"
    text = edited(name, "logProject: ${vars.topic}-${vars.topic}${env(TEAM)}${env(WHO)}")
    said = refusal(tmp_path, text, {**ENVIRON, "TEAM": "web team", "WHO": "Me"})
    assert said == (
        f"s.yaml, line {line_of(name)}: vars.logProject is 'MNSTestConfig-MNSTestConfigweb teamMe',"
        f" with vars.topic (s.yaml, line {line_of('topic: MNS')}: 'MNSTestConfig') and"
        " TEAM (.env, line 2: 'web team') and WHO (the shell: 'Me'):"
        " it must be the name of a log project, 3-63 of a-z, 0-9, -"
    )


@pytest.mark.parametrize(
    ("env_file", "told"),
    [
        ("", "REGION, from the shell, is"),
        ("REGION=x\n\nexport REGION='a b' # ours\n", ".env, line 3: REGION is"),
        ("#REGION=a b\nREGION=cn-shanghai\n", "REGION, from the shell, is"),
    ],
)
def test_a_wrong_environment_variable_is_told_where_it_is_set(
    tmp_path: Path, env_file: str, told: str
) -> None:
    """In the shell, or in that line of .env which counts."""
    (tmp_path / ".env").write_text(env_file, "utf-8")
    text = edited("  region: cn-shanghai", "  region: ${env(REGION)}")
    said = refusal(tmp_path, text, {**ENVIRON, "REGION": "a b"})
    assert said == f"{told} 'a b': it must be the id of a region, such as cn-shanghai"


@pytest.mark.parametrize("value", ["${env(FC_SECRET)}", "a-${env(FC_SECRET)}"])
def test_what_is_named_like_a_secret_is_not_shown(tmp_path: Path, value: str) -> None:
    """Neither alone nor as a part of a text."""
    text = edited("  region: cn-shanghai", f"  region: {value}")
    said = refusal(tmp_path, text, {**ENVIRON, "FC_SECRET": "for nobody"})
    assert "for nobody" not in said
    assert "FC_SECRET" in said


def test_an_alias_is_told_where_its_anchor_is(tmp_path: Path) -> None:
    """It is there that the value can be edited; and it is the value, as for the client."""
    shared = edited("  memory: 512\n", "  memory: &shared 512\n  again: *shared\n")
    text = shared.replace("${vars.memory}", "${vars.again}")
    (tmp_path / "s.yaml").write_text(text, "utf-8")
    assert load(tmp_path / "s.yaml", ENVIRON, ACCOUNT).function.memory == 512
    said = refusal(tmp_path, text.replace("&shared 512", "&shared 500"))
    assert said.startswith(f"s.yaml, line {line_of('  memory: 512')}: vars.memory is 500: ")


@pytest.mark.parametrize(
    ("after", "says"),
    [
        ("\ttimeout: 60", "the line has a tab: indent with spaces"),
        ("timeout: 60\n  timeout: 80", "vars.timeout is given twice, first in line {line}"),
        ("timeout: *late", r"refers to \*late, and no &late stands before it: correct it, or put"),
        ("timeout: &a 1\n  more: &a 2", "has a second &a: give each a name of its own"),
        ("timeout: &a [*a]", "contains itself: correct the name after"),
        ("timeout: !!python/name:os.system", "has the tag !!python/name:os.system: take it away"),
        ("timeout: 'sixty", "the line opens a quote that is closed in line [0-9]+: close it where"),
        ('timeout: "sixty', "the line opens a quote that is closed in line [0-9]+: close it where"),
        ("timeout: [60", "the line opens what nothing closes: close it"),
        ("timeout: sixty: 60", "the line has a second colon: put the value in quotes"),
        ("timeout: @sixty", "the line has a value with @ first: put it in quotes"),
        ("timeout: *", "the line has a value with & [*] ! [|] > or % first: put it in quotes"),
        ("timeout: |60s", "the line has a value with & [*] ! [|] > or % first: put it in quotes"),
        ("timeout 60", "the line has a name without a colon: write it as name: value"),
        (" timeout: 60", "the line does not go on from above: indent it as its neighbours"),
        ("timeout: 2026-13-13", "vars.timeout is '2026-13-13', which is no date: correct it"),
        ("timeout: \x07", "the line has the character U[+]0007: take it away"),
        ("? [timeout]\n  : 60", "has a key, which is no text: put it in quotes"),
        ("60: timeout", "vars has the key 60, which is no text: put it in quotes"),
        ('"time\\nout": 60\n  "time\\nout": 60', r"vars.time\\nout is given twice, first in line"),
        ("- timeout: 60", "the line does not go on from above: indent it as its neighbours"),
        (f"timeout: {'[' * 500}", "nested too deeply"),
    ],
)
def test_what_is_no_yaml_is_told_by_its_line(tmp_path: Path, after: str, says: str) -> None:
    """With what to do, in words that need no knowledge of YAML's grammar."""
    line = line_of("  timeout: 60")
    said = refusal(tmp_path, edited("  timeout: 60\n", f"  {after}\n"))
    assert re.search(says.format(line=line) if "{line}" in says else says, said)
    at = 1 if "nested" in says else line + ("twice" in says or "second &" in says)
    assert said.startswith(f"s.yaml, line {at}: ")


DAMAGE = [
    "\t",
    "\n",
    "  ",
    ":",
    "'",
    '"',
    "[",
    "]",
    "{",
    "}",
    "&",
    "*",
    "!",
    "|",
    ">",
    "%",
    "@",
    "#",
]
DAMAGE += [
    "- ",
    "? ",
    ": ",
    "<<: ",
    "${",
    "${env(A)}",
    "---\n",
    "\0",
    "\u2028",
    "1e3",
    "!!set ",
    "*a",
]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(st.integers(0, len(SOURCE)), st.integers(0, 3), st.sampled_from(["", *DAMAGE]))
def test_whatever_is_damaged_is_told_in_a_line(
    tmp_path: Path, place: int, lost: int, come: str
) -> None:
    """A slip of the keys anywhere is still a spec, or one line that names a line of it."""
    text = f"{SOURCE[:place]}{come}{SOURCE[place + lost :]}"
    (tmp_path / "s.yaml").write_text(text, "utf-8")
    try:
        load(tmp_path / "s.yaml", ENVIRON, ACCOUNT)
        said = ""
    except UsageError as error:
        said = str(error)
    if said:
        line = re.match(r"s\.yaml, line ([0-9]+): [^\n]+: [^\n]+\Z", said)
        assert line, said
        assert 1 <= int(line[1]) <= text.count("\n") + 1


def test_a_file_that_is_no_text_is_told_by_its_line(tmp_path: Path) -> None:
    """Such as one saved in another encoding."""
    (tmp_path / "s.yaml").write_bytes("a: 1\nb: caf\xe9\n".encode("latin-1"))
    with pytest.raises(UsageError, match=r"^s\.yaml, line 2: the line is no text in UTF-8: save"):
        load(tmp_path / "s.yaml", ENVIRON, ACCOUNT)


def test_variables_that_function_compute_would_not_take_are_refused(tmp_path: Path) -> None:
    """All of them together, as where one has many names."""
    line = "          # neverBlock: "
    name = "a" * 63
    many = ",".join([name] * 64)
    said = refusal(
        tmp_path, edited(f'{line}"*-logs,*oversized*,*trail*"', f"          neverBlock: {many}")
    )
    assert re.search(r"environmentVariables takes [0-9]+ bytes: all together may take 4096", said)
