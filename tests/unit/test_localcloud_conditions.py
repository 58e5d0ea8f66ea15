"""Conditions in the policies of the local cloud's RAM."""

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.localcloud.clock import Clock
from scripts.localcloud.faults import Faults
from scripts.localcloud.journal import Journal
from scripts.localcloud.ram import conditions, policies
from scripts.localcloud.ram.state import Principal, RamState
from scripts.localcloud.service import Core

ACCOUNT = "1208863178610000"
BUCKET = f"acs:oss:*:{ACCOUNT}:config-snapshot"
REQUEST = {
    "acs:SourceIp": "10.1.2.3",
    "acs:CurrentTime": "2026-06-01T12:00:00+00:00",
    "acs:SecureTransport": "false",
    "acs:PrincipalARN": f"acs:ram::{ACCOUNT}:user/Alice",
}


@pytest.mark.fidelity(14)
@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ({}, True),
        ({"IpAddress": {"acs:SourceIp": "10.0.0.0/8"}}, True),
        ({"IpAddress": {"acs:sourceip": ["192.168.0.0/16", "10.1.2.3"]}}, True),
        ({"IpAddress": {"acs:SourceIp": "192.168.0.0/16"}}, False),
        ({"NotIpAddress": {"acs:SourceIp": "192.168.0.0/16"}}, True),
        ({"NotIpAddress": {"acs:SourceIp": ["192.168.0.0/16", "10.0.0.0/8"]}}, False),
        ({"Bool": {"acs:SecureTransport": "true"}}, False),
        ({"Bool": {"acs:SecureTransport": False}}, True),
        ({"DateLessThan": {"acs:CurrentTime": "2026-06-01T20:00:01+08:00"}}, True),
        ({"DateLessThan": {"acs:CurrentTime": "2026-06-01T12:00:00Z"}}, False),
        ({"DateLessThanEquals": {"acs:CurrentTime": "2026-06-01T12:00:00Z"}}, True),
        ({"DateGreaterThan": {"acs:CurrentTime": "2026-06-01T12:00:00Z"}}, False),
        ({"DateGreaterThanEquals": {"acs:CurrentTime": "2026-06-01T12:00:00Z"}}, True),
        ({"DateEquals": {"acs:CurrentTime": "2026-06-01T20:00:00+08:00"}}, True),
        ({"DateNotEquals": {"acs:CurrentTime": "2026-06-01T12:00:00Z"}}, False),
        ({"StringEquals": {"acs:PrincipalARN": f"acs:ram::{ACCOUNT}:user/Alice"}}, True),
        ({"StringEquals": {"acs:PrincipalARN": f"acs:ram::{ACCOUNT}:user/alice"}}, False),
        ({"StringEqualsIgnoreCase": {"acs:PrincipalARN": f"ACS:ram::{ACCOUNT}:user/alice"}}, True),
        ({"StringNotEquals": {"acs:PrincipalARN": f"acs:ram::{ACCOUNT}:user/bob"}}, True),
        ({"StringLike": {"acs:PrincipalARN": "acs:ram::*:user/Ali?e"}}, True),
        ({"StringLike": {"acs:PrincipalARN": "acs:ram::*:user/[A]lice"}}, False),
        ({"StringNotLike": {"acs:PrincipalARN": "acs:ram::*:user/*"}}, False),
        # all of the parts must hold
        (
            {
                "IpAddress": {"acs:SourceIp": "10.0.0.0/8"},
                "Bool": {"acs:SecureTransport": "true"},
            },
            False,
        ),
        # what is not known here, or cannot be read
        ({"StringEquals": {"acs:ResourceTag/team": "dev"}}, None),
        ({"NumericLessThan": {"acs:SourceIp": "5"}}, None),
        ({"IpAddress": {"acs:SourceIp": "nowhere"}}, None),
        ({"DateLessThan": {"acs:CurrentTime": "tomorrow"}}, None),
        ({"DateLessThan": {"acs:CurrentTime": "2026-06-01T12:00:00"}}, None),
        # one part that does not hold is enough
        ({"StringEquals": {"a:b": "c"}, "Bool": {"acs:SecureTransport": "true"}}, False),
    ],
)
def test_a_condition_holds_as_its_operator_says(condition: Any, holds: bool | None) -> None:
    """Pages "Conditional operators" and "Policy elements"; None is for what is not known here."""
    assert conditions.is_one(condition)
    assert conditions.hold(condition, REQUEST) is holds


def decided(effect: str, condition: Any) -> bool:
    """Whether a user may, whom a statement with the condition allows or denies it."""
    statement = {"Effect": effect, "Action": "oss:*", "Resource": "*", "Condition": condition}
    rest = [] if effect == "Allow" else [policies.allow("*")]
    document = policies.parse(json.dumps(policies.document(statement, *rest)))
    return policies.evaluate([document], "oss:PutBucketAcl", BUCKET, REQUEST)


HERE, ELSEWHERE = ({"IpAddress": {"acs:SourceIp": net}} for net in ("10.0.0.0/8", "192.0.2.0/24"))
UNKNOWN = {"StringEquals": {"acs:ResourceTag/team": "dev"}}


@pytest.mark.fidelity(14)
def test_a_condition_decides_whether_its_statement_counts() -> None:
    """An Allow and a Deny count where the condition holds; what is not known refuses."""
    assert [decided("Allow", each) for each in (HERE, ELSEWHERE, UNKNOWN)] == [True, False, False]
    assert [decided("Deny", each) for each in (HERE, ELSEWHERE, UNKNOWN)] == [False, True, False]


def state_with(condition: Any) -> tuple[RamState, Principal, Core]:
    """A user who may touch buckets under the condition."""
    core = Core(ACCOUNT, "cn-shanghai", Clock(), Journal(), Faults())
    state = RamState(core)
    state.create_user("alice")
    statement = policies.allow("oss:*") | {"Condition": condition}
    state.create_policy("under", policies.document(statement))
    state.attach_to(state.user("alice"), "Custom", "under")
    key = state.create_key("alice")
    return state, state.authenticate(key.access_key_id), core


def test_the_cloud_knows_who_asks_when_and_from_where() -> None:
    """A request comes from this machine, in the clear, at the cloud's own time."""
    soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))
    for condition in (
        {"IpAddress": {"acs:SourceIp": "127.0.0.0/8"}},
        {"Bool": {"acs:SecureTransport": "false"}},
        {"StringLike": {"acs:PrincipalARN": "*:user/alice"}},
        {"DateLessThan": {"acs:CurrentTime": soon}},
    ):
        state, alice, core = state_with(condition)
        assert state.authorized(alice, "oss:PutBucketAcl", BUCKET)
    core.clock.advance(3601)
    assert not state.authorized(alice, "oss:PutBucketAcl", BUCKET)
    assert core.journal.entries("ram") == []


@pytest.mark.fidelity(14)
def test_a_condition_that_is_not_known_is_in_the_journal() -> None:
    """Whoever wonders why a grant is none finds the condition, of what was asked for alone."""
    state, alice, core = state_with(UNKNOWN)
    assert not state.authorized(alice, "mns:SendMessage", "acs:mns:cn-shanghai:1:/queues/q")
    assert core.journal.entries("ram") == []
    assert not state.authorized(alice, "oss:PutBucketAcl", BUCKET)
    (entry,) = core.journal.entries("ram", "unknown_condition", "oss:PutBucketAcl")
    assert json.loads(entry.details["condition"]) == UNKNOWN


VALUES = st.text(max_size=5) | st.integers() | st.booleans() | st.none()
ODD = st.recursive(
    VALUES,
    lambda parts: (
        st.lists(parts, max_size=3) | st.dictionaries(st.text(max_size=3), parts, max_size=3)
    ),
    max_leaves=6,
)
KEYS = st.dictionaries(st.sampled_from([*REQUEST, "a:b"]), ODD)
OPERATORS = st.sampled_from([*conditions._TESTS, "NotIpAddress", "StringNotLike", "Numeric", ""])


@given(st.dictionaries(OPERATORS, KEYS | ODD) | ODD)
def test_whatever_has_the_form_of_a_condition_can_be_evaluated(condition: Any) -> None:
    """No condition that a policy was accepted with is an error later on."""
    if conditions.is_one(condition):
        assert conditions.hold(condition, REQUEST) in (True, False, None)


@pytest.mark.parametrize(
    "odd",
    [{"Condition": "acs:SourceIp"}, {"Condition": {"Bool": "true"}}, {"NotAction": "oss:*"}],
)
def test_an_element_that_cannot_be_heeded_is_refused_when_it_is_written(odd: Any) -> None:
    """A statement means all that it says, or it is not taken."""
    with pytest.raises(ValueError, match=r"Condition|NotAction"):
        policies.parse(json.dumps(policies.document(policies.allow("oss:*") | odd)))
