"""A shipped event with an account's own rule and bucket in it."""

import pytest

from resource_repair import notification
from resource_repair.values import Finding
from scripts import ROOT
from scripts.declared import PATH, Spec, load
from scripts.errors import UsageError
from scripts.flows.event_file import as_ours

NOW = 1_795_000_000.0
EVENTS = [
    "repaired_nested.json",
    "repaired_json_envelope.json",
    "repaired_stream_with_attributes.json",
    "repaired_custom_remediation_list.json",
    "repaired_log_service_copy.json",
    "ignored_other_rule.json",
    "ignored_other_account.json",
]


@pytest.fixture(scope="module")
def spec() -> Spec:
    """Of another account than the events'."""
    return load(PATH, {"PREPARE_RULE_ID": "cr-0a1b2c3d4e5f00000000"}, "1000000000000001")


@pytest.mark.parametrize("name", EVENTS)
def test_rule_bucket_account_and_time_are_put_in(spec: Spec, name: str) -> None:
    """However the message is wrapped; what is younger than its bucket would be told otherwise."""
    made = as_ours((ROOT / "events" / name).read_bytes(), spec, "a-bucket-of-mine", NOW)
    found = [item for item in notification.read(made) if isinstance(item, Finding)]
    assert found
    for each in found:
        assert (each.rule_id, each.resource_id) == ("cr-0a1b2c3d4e5f00000000", "a-bucket-of-mine")
        assert each.owner in ("", "1000000000000001")
        assert each.reported_at in (None, NOW * 1000)


def test_what_it_cannot_be_put_into_is_told(spec: Spec) -> None:
    """No finding, one in base64, and what is no bucket's name: nothing is sent."""
    for name in ("ignored_snapshot_delivery.json", "repaired_base64.txt"):
        with pytest.raises(UsageError, match="has no effect"):
            as_ours((ROOT / "events" / name).read_bytes(), spec, "a-bucket", NOW)
    with pytest.raises(UsageError, match="no bucket's name"):
        as_ours((ROOT / "events" / EVENTS[0]).read_bytes(), spec, "A", NOW)
