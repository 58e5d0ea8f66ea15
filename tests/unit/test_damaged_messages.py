"""Messages that are damaged, or encoded oddly: one that names our rule is never lost."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resource_repair.judge import judge
from resource_repair.notification import read
from resource_repair.settings import load
from resource_repair.values import Finding, Unreadable
from tests.unit.test_notification import BODY, FINDING, INVOCATION, b64

AROUND = [
    "",
    "\0",
    "\0\0\0",
    "\ufeff",
    "\0\ufeff",
    "\ufeff\0",
    "\0 \0",
    " \t\r\n",
    "\x1b\x7f",
    "\v\f\x1c",
]
ENCODINGS = ["utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"]


@pytest.mark.parametrize("before", AROUND, ids=ascii)
@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("of", [json.dumps, b64])
def test_what_stands_before_a_message_does_not_hide_it(
    before: str, encoding: str, of: Callable[[Any], str]
) -> None:
    """Byte order marks, NULs, controls and spaces say nothing: not of the encoding either."""
    body = {**BODY, "annotation": "\u4e2d\u6587"}
    text = of(body) if of is b64 else json.dumps(body, ensure_ascii=False)
    assert read((before + text).encode(encoding)) == (FINDING,)
    assert read(before.encode() + text.encode(encoding)) == (FINDING,)
    assert read(before + text) == (FINDING,)
    assert read(before.encode() + text.encode() + before.encode()) == (FINDING,)


@pytest.mark.parametrize("first", "!\"'X#(~\x80")
def test_what_says_something_is_not_taken_away(first: str) -> None:
    """A message that begins or ends with something else is damaged, and told."""
    whole = json.dumps(BODY)
    for text in (first + whole, whole + first):
        for event in (text, text.encode(), text.encode("utf-16-le")):
            (item,) = read(event)
            assert isinstance(item, Unreadable)


def test_names_keep_what_is_no_ascii() -> None:
    """A rule's name is read as it is in each encoding, whatever NULs are before it."""
    identifier = BODY["evaluationResultIdentifier"]
    qualifier = {
        **identifier["evaluationResultQualifier"],
        "configRuleName": "\u516c\u5171 \U0001f4a3",
    }
    body = {**BODY, "evaluationResultIdentifier": {"evaluationResultQualifier": qualifier}}
    text = json.dumps(body, ensure_ascii=False)
    for encoding in ENCODINGS:
        for before in (b"", b"\0", b"\0\0", b"\0\0\0"):
            (item,) = read(before + text.encode(encoding))
            assert isinstance(item, Finding)
            assert item.rule_name == qualifier["configRuleName"]


def test_a_letter_in_latin_1_costs_no_finding() -> None:
    """A byte that is no UTF-8 in a text that nobody looks at does no harm."""
    text = json.dumps({**BODY, "annotation": "\xe9t\xe9"}, ensure_ascii=False)
    assert read(text.encode("latin-1")) == (FINDING,)


ESCAPES: dict[str, Callable[[str], str]] = {
    "as it is": lambda each: each,
    "JSON": lambda each: f"\\u{ord(each):04x}",
    "JSON, upper case": lambda each: f"\\u{ord(each):04X}",
    "JSON twice": lambda each: f"\\\\u{ord(each):04x}",
    "JSON four times": lambda each: "\\" * 8 + f"u{ord(each):04x}",
    "JSON of its backslash": lambda each: f"\\u005cu{ord(each):04x}",
    # One before a letter that it makes a control is in the next test: mixed, either can be meant.
    "a stray backslash": lambda each: each if each in "bfnrt" else "\\" + each,
    "hexadecimal": lambda each: f"\\x{ord(each):02x}",
    "URL": lambda each: f"%{ord(each):02x}",
    "URL, four digits": lambda each: f"%u{ord(each):04x}",
    "URL twice": lambda each: f"%25{ord(each):02X}",
    "URL of JSON": lambda each: f"%5Cu{ord(each):04x}",
    "HTML": lambda each: f"&#{ord(each)};",
    "HTML, with zeros": lambda each: f"&#{ord(each):07d};",
    "HTML, hexadecimal with zeros": lambda each: f"&#x{ord(each):08x};",
    "HTML, hexadecimal": lambda each: f"&#x{ord(each):X};",
    "a line break before it": lambda each: "\r\n" + each,
    "an escaped line break before it": lambda each: "\\r\\n" + each,
    "a space before it": lambda each: " " + each,
    "a DEL before it": lambda each: "\x7f" + each,
    "an escaped NUL before it": lambda each: r"\u0000" + each,
    "an escaped letter of no ASCII before it": lambda each: r"\u00e9" + each,
    "a character that there is not before it": lambda each: "&#9999999;" + each,
    "a NUL before it": lambda each: "\0" + each,
    "a byte order mark before it": lambda each: "\ufeff" + each,
}
DAMAGE: dict[str, Callable[[str], str]] = {
    "cut off": lambda text: json.dumps({"configRuleId": "@", "x": 1}).replace("@", text)[:-1],
    "within text": lambda text: f"Message: {text}, and so on",
    "a wrong escape": lambda text: '{"x":"\\q","configRuleId":"@"}'.replace("@", text),
    "of no known shape": lambda text: json.dumps({"configRuleIds": ["@"]}).replace("@", text),
    "a key that is there twice": lambda text: f'{{"x":"{text}","x":""}}',
    "nested too deep": lambda text: "[" * 40 + f'"{text}"' + "]" * 40,
}
PACKED: dict[str, Callable[[str], bytes]] = {
    **{name: lambda text, name=name: text.encode(name) for name in [*ENCODINGS, "utf-16"]},  # type: ignore[misc]
    "a NUL first": lambda text: b"\0" + text.encode(),
    "a NUL and UTF-16": lambda text: b"\0" + text.encode("utf-16-le"),
    "latin-1 first": lambda text: b"\xe9" + text.encode(),
    "base64": lambda text: base64.b64encode(text.encode()),
    "base64 of UTF-16": lambda text: base64.b64encode(text.encode("utf-16")),
    "base64 in damaged JSON": lambda text: (
        b'{"Message":"' + base64.b64encode(text.encode("utf-16")).replace(b"/", b"\\/")
    ),
    "base64, escaped": lambda text: (
        b'{"Message":"'
        + b"".join(b"\\u%04x" % each for each in base64.b64encode(text.encode()))
        + b'",'
    ),
    "base64 for a URL": lambda text: (
        b"Message="
        + base64.b64encode(text.encode()).replace(b"+", b"%2B").replace(b"=", b"%3D")
        + b"&"
    ),
    "base64 twice over": lambda text: (
        b'{"Message":"' + base64.b64encode(b'{"x":"' + base64.b64encode(text.encode())) + b'"'
    ),
}


@given(
    st.lists(st.sampled_from(sorted(ESCAPES)), min_size=1, max_size=23),
    st.sampled_from(sorted(DAMAGE)),
    st.sampled_from(sorted(PACKED)),
)
def test_a_damaged_message_that_names_our_rule_is_never_answered_fail(
    escapes: list[str], damage: str, packed: str
) -> None:
    """Escaped in part or whole and in whatever ways, damaged, and packed: it is told and kept."""
    named = "".join(
        ESCAPES[escapes[n % len(escapes)]](each) for n, each in enumerate(FINDING.rule_id)
    )
    event = PACKED[packed](DAMAGE[damage](named))
    settings = load({"prepareRuleId": FINDING.rule_id})
    for item in read(event):
        outcome = judge((item,), settings, INVOCATION)[0]
        assert isinstance(item, Unreadable) or FINDING.rule_id in str(item)
        assert isinstance(outcome, Finding) or outcome.outcome == "failed"


@pytest.mark.parametrize("packed", sorted(PACKED))
@pytest.mark.parametrize("damage", sorted(DAMAGE))
def test_each_way_of_escaping_damaging_and_packing(damage: str, packed: str) -> None:
    """The same, one by one."""
    for escape, escaped in ESCAPES.items():
        named = "".join(map(escaped, FINDING.rule_id))
        items = read(PACKED[packed](DAMAGE[damage](named)))
        texts = [text for item in items if isinstance(item, Unreadable) for text in item.texts]
        assert any(FINDING.rule_id in text for text in texts), escape


def test_escapes_in_escapes_are_resolved_four_deep() -> None:
    """Each round gives what the next one resolves."""
    named = FINDING.rule_id.replace("c", r"\u005cu005cu005cu0063")
    assert any(FINDING.rule_id in text for item in read(f"!{named}") for text in item.texts)  # type: ignore[union-attr]


def test_all_that_is_printed_is_kept() -> None:
    """From the first character after the space to the last before DEL."""
    for text in ("!first and last~", "?%21first and last&#126;"):
        (item,) = read(text)
        assert isinstance(item, Unreadable)
        assert any("!firstandlast~" in each for each in item.texts)


@pytest.mark.parametrize("cut", range(4))
@pytest.mark.parametrize("padding", ["", "=", "=="])
def test_base64_that_is_cut_and_padded_anew_still_shows_its_rule(cut: int, padding: str) -> None:
    """Wherever it was cut, as its last characters may mean nothing."""
    text = b64(BODY).rstrip("=")
    (item,) = read("*" + text[: len(text) - cut] + padding)
    assert isinstance(item, Unreadable)
    assert any(FINDING.rule_id in each for each in item.texts)


def test_backslashes_without_a_sense_hide_no_rule() -> None:
    """Neither those that mean a control character to JSON, nor others."""
    (item,) = read("!" + "".join("\\" + each for each in FINDING.rule_id))
    assert isinstance(item, Unreadable)
    assert any(FINDING.rule_id in text for text in item.texts)


@pytest.mark.parametrize("width", [4, 12, 64, 76])
@pytest.mark.parametrize("end", ["\n", "\r\n", " ", "\t", r"\n", r"\r\n", "%0D%0A", "&#10;"])
def test_damaged_base64_in_lines_still_shows_its_rule(end: str, width: int) -> None:
    """Broken anywhere, the line breaks as they are or escaped: the rule's id may lie across one."""
    text = b64(BODY)
    lines = end.join(text[at : at + width] for at in range(0, len(text), width))
    for event in (f"*{lines}", f'{{"Message":"{lines}'):
        (item,) = read(event)
        assert isinstance(item, Unreadable)
        assert any(FINDING.rule_id in each for each in item.texts)


@given(st.text(max_size=400) | st.binary(max_size=400))
def test_what_names_no_rule_of_ours_is_not_said_to(event: str | bytes) -> None:
    """What is resolved from noise names no rule."""
    for item in read(event):
        if isinstance(item, Unreadable):
            assert not any(FINDING.rule_id in text for text in item.texts)


HOSTILE = [
    "\\",
    "\\\\u005c",
    "%25",
    "%",
    "&#",
    "&#x0",
    "&#0",
    "\\u0041",
    "eHh4",
    "YWFh",
    "QUFB",
    "A",
    '"",',
    '["eHh4eHh4eHh4eHh4"],',
    "\0",
    "\ufeff",
    "\r\n",
]


@pytest.mark.parametrize("unit", HOSTILE, ids=ascii)
def test_readings_grow_with_the_message_and_no_faster(unit: str) -> None:
    """Of a message made to exhaust, all that is read has a bounded number of its lengths."""
    for length in (2_000, 128_000):
        event = "[" + unit * (length // len(unit))
        (item,) = read(event)
        assert isinstance(item, Unreadable)
        assert sum(map(len, item.texts)) <= 40 * length
