"""Ours or not, and why: a table of findings against what the function was told."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resource_repair import settings as settings_module
from resource_repair.judge import judge
from resource_repair.notification import read
from resource_repair.values import Finding, Invocation, Item, Other, Outcome, Unreadable

RULE = "cr-a6129bc09da7009675a0"
ACCOUNT = "1208863178610000"
INVOCATION = Invocation("request", ACCOUNT, "cn-shanghai", 60, None)
FINDING = Finding(
    rule_id=RULE,
    resource_id="config-snapshot",
    resource_type="ACS::OSS::Bucket",
    region="cn-beijing",
    compliance="NON_COMPLIANT",
    owner=ACCOUNT,
    remediation="acl",
)


def verdict(item: Item, invocation: Invocation = INVOCATION, **environ: str) -> Finding | Outcome:
    """The one verdict on one item."""
    environ = {"prepareRuleId": RULE, **environ}
    (only,) = judge((item,), settings_module.load(environ), invocation)
    return only


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"compliance": ""},
        {"resource_type": ""},
        {"owner": ""},
        {"rule_name": "renamed"},
    ],
)
def test_a_finding_of_ours_is_repaired(change: dict[str, Any]) -> None:
    """A finding of our rule is repaired, also without what the list form lacks."""
    finding = FINDING._replace(**change)
    assert verdict(finding) == finding


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"rule_id": "cr-other"}, "other_rule: cr-other"),
        ({"rule_id": RULE + "0"}, "other_rule"),
        ({"rule_id": RULE.upper()}, "other_rule"),
        ({"compliance": "COMPLIANT"}, "not_non_compliant: COMPLIANT"),
        ({"compliance": "IGNORED"}, "not_non_compliant: IGNORED"),
        ({"resource_type": "ACS::ECS::Instance"}, "other_resource_type: ACS::ECS::Instance"),
        ({"owner": "1999999999999999"}, "other_account: 1999999999999999"),
    ],
)
def test_what_is_not_ours_is_ignored_with_its_reason(change: dict[str, Any], reason: str) -> None:
    """Another rule, result, type or account is ignored, and the reason says which."""
    ignored = verdict(FINDING._replace(**change))
    assert isinstance(ignored, Outcome)
    assert ignored.outcome == "ignored"
    assert ignored.reason.startswith(reason)


def test_another_account_is_not_known_where_ours_is_not() -> None:
    """Without an account id in the context, no owner is called another."""
    assert verdict(FINDING, INVOCATION._replace(account_id="")) == FINDING


@pytest.mark.parametrize(
    ("message", "own", "region"),
    [
        ("cn-beijing", "cn-shanghai", "cn-beijing"),
        ("", "cn-shanghai", "cn-shanghai"),
        ("oss-cn-beijing", "cn-shanghai", "cn-beijing"),
        ("cn-north-2-gov-1", "cn-shanghai", "cn-north-2-gov-1"),
    ],
)
def test_the_region_comes_from_the_message_or_is_our_own(
    message: str, own: str, region: str
) -> None:
    """The message's region is asked; one without a region means the function's own."""
    finding = verdict(FINDING._replace(region=message), INVOCATION._replace(region=own))
    assert isinstance(finding, Finding)
    assert finding.region == region


HOSTILE = st.one_of(
    st.text(max_size=80),
    st.sampled_from(
        ["a", "ab", "-abc", "abc-", "a.b.c", "ABC", "abc/", "abc?acl", "abc#", "abc@x", "a" * 64]
    ),
    st.from_regex(r"[a-z0-9.@:/?#%-]{1,70}", fullmatch=True),
)


@given(name=HOSTILE, region=HOSTILE)
def test_no_name_or_region_can_steer_a_request(name: str, region: str) -> None:
    """What goes on to a request is a plain label: anything else fails without one, and is kept."""
    result = verdict(FINDING._replace(resource_id=name, region=region))
    if isinstance(result, Finding):
        assert set(result.resource_id + result.region) <= set(
            "abcdefghijklmnopqrstuvwxyz0123456789-"
        )
        assert 3 <= len(result.resource_id) <= 63
    else:
        assert result.outcome == "failed"
        assert result.reason.startswith(("invalid_bucket_name", "invalid_region"))


@pytest.mark.parametrize(("length", "valid"), [(2, False), (3, True), (63, True), (64, False)])
def test_a_bucket_s_name_has_3_to_63_characters(length: int, valid: bool) -> None:
    """Names of the shortest and longest kind are repaired, and those beyond are not."""
    assert isinstance(verdict(FINDING._replace(resource_id="a" * length)), Finding) == valid


def test_a_region_fits_into_a_host_s_label() -> None:
    """A region id longer than the label of a host name can be is none."""
    assert isinstance(verdict(FINDING._replace(region="cn-" + "-".join(["a" * 20] * 3))), Outcome)


def test_the_owner_of_the_resource_counts_before_the_account_of_the_message() -> None:
    """A channel of an account group delivers findings of members: the resource's owner decides."""
    message = {
        "accountId": 1999999999999999,
        "evaluationResultIdentifier": {
            "evaluationResultQualifier": {
                "configRuleId": RULE,
                "resourceId": "config-snapshot",
                "resourceOwnerId": int(ACCOUNT),
            }
        },
    }
    (item,) = read(json.dumps(message))
    assert isinstance(verdict(item), Finding)


def test_findings_for_one_bucket_are_handled_once() -> None:
    """The second finding for a bucket is a duplicate, whatever region or rule it names."""
    other = FINDING._replace(region="cn-shanghai", resource_type="")
    first, second = judge(
        (FINDING, other), settings_module.load({"prepareRuleId": RULE}), INVOCATION
    )
    assert first == FINDING
    assert isinstance(second, Outcome)
    assert (second.outcome, second.reason.split(":")[0]) == ("ignored", "duplicate")


def test_an_invalid_finding_does_not_use_up_its_bucket() -> None:
    """A valid finding for a bucket is repaired though an invalid one for it came first."""
    bad = FINDING._replace(region="no region")
    config = settings_module.load({"prepareRuleId": RULE})
    assert judge((bad, FINDING), config, INVOCATION)[1] == FINDING


@pytest.mark.parametrize(
    "environ",
    [
        {"prepareRuleId": ""},
        {"prepareRuleId": "${env(PREPARE_RULE_ID)}"},
        {"prepareRuleId": f"{RULE},test-oss-bucket-public-read-prohibited"},
        {"repairMode": "dry-run"},
        {"repairMode": "Enforce"},
        {"repairMode": " report"},
        {"repairMode": ""},
        {"exemptTag": "k" * 65},
        {"exemptTag": "exempt\nuntil"},
        {"exemptTag": "exempt-until", "exemptTagDays": "a week"},
        {"exemptTag": "exempt-until", "exemptTagDays": "0"},
        {"exemptTag": "exempt-until", "exemptTagDays": "91"},
        {"ossEndpoint": ""},
        {"ossEndpoint": "HTTPS://oss-{region}.aliyuncs.com"},
        {"ossEndpoint": "ht\ntps://oss-{region}.aliyuncs.com"},
        {"ossEndpoint": "http://127.evil.example"},
        {"ossEndpoint": "http://127.0.0.256"},
        {"ossEndpoint": "https://oss-{region}.aliyuncs.com:99999"},
        {"ossEndpoint": "https://oss-{region}.aliyuncs.com:0"},
        {"ossEndpoint": "http://oss-{region}.aliyuncs.com"},
        {"ossEndpoint": "oss-{region}.aliyuncs.com"},
        {"ossEndpoint": "https://user:pass@oss-{region}.aliyuncs.com"},
        {"ossEndpoint": "https://oss-{zone}.aliyuncs.com"},
        {"ossEndpoint": "https://oss-{region}.aliyuncs.com/path"},
        {"ossEndpoint": "https://oss-{region}.aliyuncs.com:port"},
        {"ossEndpoint": "https://oss-{region}.aliyuncs.com?a=b"},
        {"ossEndpoint": "http://localhost.example.com"},
    ],
)
def test_a_misconfigured_function_keeps_its_findings(environ: dict[str, str]) -> None:
    """With a setting that is no setting, a non-compliant bucket is neither repaired nor lost."""
    kept = verdict(FINDING, **environ)
    assert isinstance(kept, Outcome)
    assert kept.outcome == "failed"
    assert kept.reason.startswith("misconfigured: ")
    compliant = verdict(FINDING._replace(compliance="COMPLIANT"), **environ)
    assert isinstance(compliant, Outcome)
    assert compliant.outcome == "ignored"


@pytest.mark.parametrize(
    "endpoint", ["http://127.0.0.1:8080", "http://localhost:1", "https://oss.example.com/"]
)
def test_an_endpoint_for_all_regions_is_well(endpoint: str) -> None:
    """A template without a region is one endpoint for all; plain http is for loopback."""
    assert verdict(FINDING, ossEndpoint=endpoint) == FINDING


@pytest.mark.parametrize(
    ("texts", "environ", "outcome"),
    [
        (("no rule here",), {}, "unreadable"),
        (("cr-other is not ours",), {}, "unreadable"),
        (("raw", f"decoded: {RULE}"), {}, "failed"),
        (("cr-other could be ours",), {"prepareRuleId": ""}, "failed"),
        (("no rule here",), {"prepareRuleId": ""}, "unreadable"),
    ],
)
def test_an_unreadable_message_is_kept_if_it_names_our_rule(
    texts: tuple[str, ...], environ: dict[str, str], outcome: str
) -> None:
    """What cannot be read is kept if one of its texts, raw or decoded, has a rule id of ours."""
    result = verdict(Unreadable("why", texts), **environ)
    assert isinstance(result, Outcome)
    assert result.outcome == outcome


def test_other_messages_are_ignored() -> None:
    """Other traffic of the topic is ignored, never an error."""
    assert verdict(Other("ResourceChange")) == Outcome("ignored", "other_message: ResourceChange")


def test_several_rules_can_be_ours() -> None:
    """prepareRuleId takes several ids, with space around them."""
    other = FINDING._replace(rule_id="cr-2")
    assert verdict(other, prepareRuleId=f" {RULE} , cr-2,") == other
