"""How many changes a sweep makes, in words."""

from datetime import datetime, timezone

import pytest

from scripts.account.findings import Result
from scripts.decide.candidates import Candidate, counted

NOW = datetime(2027, 1, 15, tzinfo=timezone.utc)


def candidate(label: str) -> Candidate:
    """One of a bucket, by a remediation."""
    name, _, remediation = label.partition("/")
    result = Result(name, "cn-shanghai", "NON_COMPLIANT", NOW, "", "")
    return Candidate(result, "", None, "repaired", False, (), remediation=remediation or "acl")


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        ([], "0 buckets"),
        (["a"], "1 bucket"),
        (["a", "b/policy"], "2 buckets"),
        (["a", "a/policy"], "2 changes to 1 bucket"),
        (["a", "a/policy", "b"], "3 changes to 2 buckets"),
    ],
)
def test_a_bucket_that_is_changed_twice_is_told_as_one_bucket(labels: list[str], told: str) -> None:
    """The number is that of the changes, which is confirmed; where these are more, it says so."""
    assert counted([candidate(each) for each in labels]) == told
