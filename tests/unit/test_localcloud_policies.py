"""The policy language of the local cloud's RAM."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.localcloud.ram import policies
from scripts.localcloud.ram.policies import allow, document

BUCKET = "acs:oss:*:1208863178610000:config-snapshot"
ONLY_IF = {"IpAddress": {"acs:SourceIp": "10.0.0.0/8"}}


def deny(action: str) -> policies.Document:
    """A statement that denies `action` on everything."""
    return {"Effect": "Deny", "Action": action, "Resource": "*"}


@pytest.mark.parametrize(
    ("documents", "allowed"),
    [
        ([], False),
        ([document(allow("oss:PutBucketAcl"))], True),
        ([document(allow("OSS:putbucketacl"))], True),
        ([document(allow(["oss:Get*", "oss:Put*Acl"]))], True),
        ([document(allow("oss:PutBucketAc?"))], True),
        ([document(allow("oss:Get*"))], False),
        ([document(allow("oss:PutBucket"))], False),
        ([document(allow("oss:PutBucketAcl", "acs:oss:*:1208863178610000:config-*"))], True),
        ([document(allow("oss:PutBucketAcl", "acs:oss:*:1208863178610000:Config-*"))], False),
        ([document(allow("oss:PutBucketAcl", "acs:oss:*:[0-9]*:config-snapshot"))], False),
        ([document(allow("*"), deny("oss:PutBucketAcl"))], False),
        ([document(allow("*")), document(deny("oss:Put*"))], False),
        ([document(allow("*"), deny("ram:*"))], True),
        ([document(allow("*") | {"Condition": ONLY_IF})], False),
        ([document(allow("*"), deny("oss:*") | {"Condition": ONLY_IF})], False),
    ],
)
def test_policies_decide_as_ram_does(documents: list[policies.Document], allowed: bool) -> None:
    """An Allow is needed, a Deny wins, wildcards are * and ?, and conditions err to refusing."""
    assert policies.evaluate(documents, "oss:PutBucketAcl", BUCKET) is allowed


@given(name=st.text("ab.*?[]!-\\n", max_size=8), other=st.text("ab.*?[]!-\\n", max_size=8))
def test_a_resource_without_wildcards_allows_itself_alone(name: str, other: str) -> None:
    """Apart from * and ?, every character of a pattern stands for itself."""
    literal = name.translate(str.maketrans("", "", "*?"))
    granted = [document(allow("oss:GetBucketInfo", literal))]
    assert policies.evaluate(granted, "oss:GetBucketInfo", other) is (other == literal)


ODD = st.none() | st.integers() | st.just({}) | st.just([None]) | st.just("")
TEXTS = st.sampled_from(["oss:*", "sts:AssumeRole", "*", ["oss:Get*", "oss:Put*"], []]) | ODD
STATEMENT = st.fixed_dictionaries(
    {"Effect": st.sampled_from(["Allow", "Deny", ["Allow"]]), "Action": TEXTS},
    optional={
        "Resource": TEXTS,
        "Principal": st.dictionaries(st.sampled_from(["RAM", "Service"]), TEXTS) | TEXTS,
        "Condition": st.just(ONLY_IF) | ODD,
    },
)
DOCUMENT = st.fixed_dictionaries({"Version": st.just("1"), "Statement": st.lists(STATEMENT | ODD)})


@given(DOCUMENT)
def test_a_parsed_document_can_be_evaluated(candidate: object) -> None:
    """Whatever parse accepts can be judged; whatever it does not is a ValueError."""
    text = json.dumps(candidate)
    with contextlib.suppress(ValueError):
        policies.evaluate([policies.parse(text)], "oss:PutBucketAcl", BUCKET)
    with contextlib.suppress(ValueError):
        policies.trusts(policies.parse_trust(text), "fc.aliyuncs.com")


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", "{}", '{"Version": "1", "Statement": []}', "[" * 100_000,
     '{"Version": "2", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}',
     '{"Version": "1", "Statement": [{"Effect": "allow", "Action": "*", "Resource": "*"}]}',
     '{"Version": "1", "Statement": [{"Effect": "Allow", "Action": [], "Resource": "*"}]}',
     '{"Version": "1", "Statement": [{"Effect": "Allow", "Action": "*"}]}'],
)  # fmt: skip
def test_what_is_no_policy_is_not_accepted(text: str) -> None:
    """A document with a part missing or misspelt is refused when it is written."""
    with pytest.raises(ValueError, match=r"."):
        policies.parse(text)


@pytest.mark.parametrize(
    "principal", [None, {}, "*", ["*"], {"Service": []}, {"Service": [1]}, {"RAM": {"a": "b"}}]
)
def test_who_is_trusted_must_be_said(principal: object) -> None:
    """A trust policy whose principals cannot be read is refused when it is written."""
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal}
    with pytest.raises(ValueError, match=r"Principal|Service|RAM"):
        policies.parse_trust(json.dumps(document(statement)))
