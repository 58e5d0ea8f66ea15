"""Adding an entry to the exemptions that people review."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from resource_repair.exemptions import Exemption
from resource_repair.openness import PUBLIC_READ, PUBLIC_READ_WRITE
from scripts import CODE
from scripts.declared import exemptions
from scripts.declared.exemptions import reviewed_exemptions
from scripts.errors import Problem

TODAY = date(2026, 6, 1)
ENTRY = Exemption("static-site", "serves: the site # now", "web@example.com", date(2026, 12, 31))
OTHER = """\
# Reviewed.

- bucket: other-site   # keep
  reason: "why not"
  owner: somebody
  expires: 2026-07-01
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the file is."""
    return tmp_path / "exemptions.yaml"


def test_what_was_there_stays_as_it_was(path: Path) -> None:
    """An entry is added at the end, and every character before it, comments too, is as before."""
    path.write_text(OTHER)
    path.chmod(0o640)

    exemptions.add(path, ENTRY, TODAY)

    text = path.read_text()
    assert text.startswith(OTHER)
    assert text[len(OTHER) :].splitlines() == [
        "- bucket: static-site",
        "  reason: 'serves: the site # now'",
        "  owner: web@example.com",
        "  expires: 2026-12-31",
    ]
    assert reviewed_exemptions(path, TODAY).entries[1:] == (ENTRY,)
    assert path.stat().st_mode & 0o777 == 0o640
    assert list(path.parent.iterdir()) == [path]


def test_the_project_s_own_file_takes_an_entry(path: Path) -> None:
    """The file as it is in the repository is of a form to which an entry can be added."""
    own = (CODE / "exemptions.yaml").read_text()
    path.write_text(own)
    before = reviewed_exemptions(path, TODAY).entries

    exemptions.add(path, ENTRY, TODAY)

    assert reviewed_exemptions(path, TODAY).entries == (*before, ENTRY)
    comments = [line for line in own.splitlines() if line.startswith("#")]
    assert [line for line in path.read_text().splitlines() if line.startswith("#")] == comments


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("bucket: 123456", "bucket must be a text, and YAML reads 123456: put it in quotes"),
        ("owner: no", "owner must be a text, and YAML reads False: put it in quotes"),
        ("owner: 2026-07-01", "owner must be a text, and YAML reads 2026-07-01: put it in quotes"),
        ("reason: 1.5", "reason must be a text, and YAML reads 1.5: put it in quotes"),
        ("owner:", "owner must be a text that says something"),
        ("owner: [web]", "owner must be a text that says something"),
    ],
)
def test_what_yaml_takes_for_no_text_is_to_be_put_in_quotes(
    path: Path, written: str, says: str
) -> None:
    """A number, a yes or no, a date: what it was read as, and what to do; so it is taken then."""
    key, _, value = written.partition(": ")
    name = key.rstrip(":")
    lines = [
        written if line.strip(" -").startswith(name) else line.strip(" -")
        for line in OTHER.splitlines()[2:]
    ]
    path.write_text("- " + "\n  ".join(lines) + "\n")
    with pytest.raises(Problem) as caught:
        reviewed_exemptions(path, TODAY)
    assert says in str(caught.value)
    if "quotes" in says:
        path.write_text(path.read_text().replace(written, f"{key}: '{value}'"))
        assert getattr(reviewed_exemptions(path, TODAY).entries[0], name) == value


@pytest.mark.parametrize("text", ["# Nothing yet.\n", "---\n# Nothing.\n", "\n # a\n\n# b"])
def test_a_file_of_comments_alone_is_an_empty_list(path: Path, text: str) -> None:
    """It lists nothing, and takes an entry."""
    path.write_text(text)
    assert reviewed_exemptions(path, TODAY).entries == ()
    exemptions.add(path, ENTRY, TODAY)
    assert path.read_text().startswith(text)
    assert reviewed_exemptions(path, TODAY).entries == (ENTRY,)


@pytest.mark.parametrize("text", ["", "\n", "---\n", "null\n", "~ # one\n"])
def test_an_empty_file_is_refused_with_what_to_write(path: Path, text: str) -> None:
    """It may be one that was cut: to take it for an empty list would end each exemption."""
    path.write_text(text)
    with pytest.raises(Problem, match=r"exemptions\.yaml: says nothing, .* write \[\] where no"):
        reviewed_exemptions(path, TODAY)


@pytest.mark.parametrize("text", ["{}\n", "# one\nnothing\n"])
def test_what_says_something_else_is_no_list(path: Path, text: str) -> None:
    """Whatever it is."""
    path.write_text(text)
    with pytest.raises(Problem, match="must be a list of entries"):
        reviewed_exemptions(path, TODAY)


@pytest.mark.parametrize(
    ("wrong", "line", "says"),
    [
        ("  expires: 2026-13-01", 6, "[0].expires is '2026-13-01', which is no date: correct it"),
        ("  ? [owner]\n  : me", 6, "[0] has a key, which is no text: put it in quotes"),
        ("\texpires: 2026-07-01", 6, "the line has a tab: indent with spaces"),
        ("  owner: me", 6, "[0].owner is given twice, first in line 5: remove one"),
        (f"  expires: {'[' * 2000}", 1, "the line begins what is nested too deeply"),
    ],
    ids=lambda value: str(value)[:24],
)
def test_what_cannot_be_read_is_told_by_its_line(
    path: Path, wrong: str, line: int, says: str
) -> None:
    """In one line that names the file too, whatever is wrong."""
    path.write_text(OTHER.replace("  expires: 2026-07-01", wrong))
    with pytest.raises(Problem) as caught:
        reviewed_exemptions(path, TODAY)
    assert str(caught.value).startswith(f"{path}, line {line}: {says}")


@pytest.mark.parametrize(
    "text",
    [
        "[]\n",
        "# none\n[]",
        OTHER.rstrip("\n"),
        OTHER.replace("\n", "\r\n"),
        "".join(f"  {line}\n" for line in OTHER.splitlines()),
        OTHER + "# the end\n",
    ],
)
def test_other_forms_of_a_list_are_added_to(path: Path, text: str) -> None:
    """An empty list, other line ends, an indent, and no line end are gone on with."""
    path.write_bytes(text.encode())

    exemptions.add(path, ENTRY, TODAY)

    written = path.read_bytes().decode()
    assert reviewed_exemptions(path, TODAY).entries[-1] == ENTRY
    assert ("\r\n" in text) == ("\r\n" in written)
    assert written.replace("\r\n", "").count("\n") == (0 if "\r\n" in text else written.count("\n"))


@pytest.mark.parametrize(
    "text",
    ["[{bucket: other-site, reason: why, owner: me, expires: 2026-07-01}]\n", OTHER + "...\n"],
)
def test_a_form_that_cannot_be_added_to_is_left_alone(path: Path, text: str) -> None:
    """Where text at the end would be no entry the file stays, and that is told."""
    path.write_text(text)

    with pytest.raises(Problem, match="add one for static-site by hand"):
        exemptions.add(path, ENTRY, TODAY)

    assert path.read_text() == text
    assert list(path.parent.iterdir()) == [path]


def test_a_link_stays_a_link(path: Path) -> None:
    """What is behind a link is written, and the link stays one."""
    real = path.with_name("real.yaml")
    real.write_text("[]\n")
    path.symlink_to(real)

    exemptions.add(path, ENTRY, TODAY)

    assert path.is_symlink()
    assert reviewed_exemptions(real, TODAY).entries == (ENTRY,)


@pytest.mark.parametrize("odd", ["\x85", "\u2028", "\u2029", "\u202e", "\n", "\r"], ids=ascii)
def test_what_a_reviewer_cannot_see_is_escaped(path: Path, odd: str) -> None:
    """A character that breaks or turns the line in some readers is kept, and seen by all."""
    entry = ENTRY._replace(reason=f"serves{odd}für us")
    path.write_text(OTHER)

    exemptions.add(path, entry, TODAY)

    assert reviewed_exemptions(path, TODAY).entries[1:] == (entry,)
    text = path.read_text("utf-8")
    assert all(line.isprintable() for line in text.split("\n"))


said = st.text(min_size=1).map(str.strip).filter(bool)


@settings(
    max_examples=50,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(
    entry=st.builds(
        Exemption,
        bucket=st.from_regex(r"\A[a-z0-9][a-z0-9-]{1,61}[a-z0-9]\Z"),
        reason=said,
        owner=said,
        expires=st.dates(TODAY, TODAY + timedelta(days=400)),
        allow=st.sampled_from([PUBLIC_READ, PUBLIC_READ_WRITE]),
        of=st.sampled_from([(), ("acl", "encryption")]),
    )
)
def test_what_is_added_is_what_is_read(path: Path, entry: Exemption) -> None:
    """Whatever the reason and the owner say, the file reads back as that and nothing else."""
    path.write_text(OTHER)
    exemptions.add(path, entry, TODAY)
    assert reviewed_exemptions(path, TODAY).entries[1:] == (entry,)
