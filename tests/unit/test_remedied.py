"""What undoes a repair, by what is there, by the audit line, and by what is declared."""

import json

import pytest

from resource_repair.errors import RefusedError
from resource_repair.oss import BucketState
from resource_repair.remediations import named
from scripts.decide.remedied import bringing_back, brought_back
from tests.unit.policies import DENY, NAMED, OPEN, THEIRS, WRITES, plain, policy

THERE = BucketState("a", "1", "private", "2021", "cn-shanghai", False, "id", "AES256")
TAKEN_OUT = (json.dumps([OPEN, WRITES]), "[]")
ADDED = ("[]", json.dumps([DENY]))  # as a remediation that puts a statement in tells it


@pytest.mark.parametrize(
    ("there", "line", "left"),
    [
        (policy(NAMED), TAKEN_OUT, policy(NAMED, OPEN, WRITES)),
        (policy(THEIRS, WRITES), TAKEN_OUT, policy(THEIRS, WRITES, OPEN)),
        ("", TAKEN_OUT, policy(OPEN, WRITES)),
        (policy(WRITES, NAMED, OPEN), TAKEN_OUT, None),
        (policy(), (json.dumps([OPEN, OPEN]), "[]"), policy(OPEN)),
        # What it left there is nobody's to bring back.
        (policy(NAMED), (json.dumps([OPEN, WRITES]), json.dumps([WRITES])), policy(NAMED, OPEN)),
        (policy(NAMED, DENY, THEIRS), ADDED, policy(NAMED, THEIRS)),
        (policy(DENY), ADDED, ""),
        (policy(NAMED), ADDED, None),
        ("", ADDED, None),
    ],
)
def test_of_a_document_that_others_write_its_own_part_is_undone(
    there: str, line: tuple[str, str], left: str | None
) -> None:
    """What was taken out is put among what is there, each once; what was added goes; no more."""
    operation, text = bringing_back(named("policy"), THERE._replace(policy=there), *line)
    if left is None:
        assert (operation, text) == ("", "")
        return
    assert operation == ("PutBucketPolicy" if left else "DeleteBucketPolicy")
    assert plain(text) == left
    after = brought_back(THERE, operation, text)
    assert bringing_back(named("policy"), after, *line) == ("", "")


@pytest.mark.parametrize("there", ['{"Statement": [{"Effect": "Perhaps"}]}', "no policy"])
def test_a_policy_in_no_known_form_is_left_alone(there: str) -> None:
    """What would become of it nobody knows."""
    with pytest.raises(RefusedError, match="unreadable_policy"):
        bringing_back(named("policy"), THERE._replace(policy=there), *TAKEN_OUT)


@pytest.mark.parametrize(
    ("name", "line", "there", "brings"),
    [
        ("encryption", ("None", "AES256"), {}, ("DeleteBucketEncryption", "")),
        ("encryption", ("None", "AES256"), {"encryption": "None"}, ("", "")),
        (
            "public-write",
            ("public-read-write", "public-read"),
            {"acl": "public-read"},
            ("PutBucketAcl", "public-read-write"),
        ),
        (
            "public-write",
            ("public-read-write", "public-read"),
            {"acl": "public-read-write"},
            ("", ""),
        ),
    ],
)
def test_what_a_repair_made_is_undone_once(
    name: str, line: tuple[str, str], there: dict[str, str], brings: tuple[str, str]
) -> None:
    """And where it is undone nothing is done."""
    assert bringing_back(named(name), THERE._replace(**there), *line) == brings  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "line", "there"),
    [
        ("encryption", ("None", "AES256"), {"encryption": "KMS"}),
        ("encryption", ("None", "AES256"), {"encryption": None}),
        ("public-write", ("public-read-write", "public-read"), {"acl": "private"}),
    ],
)
def test_what_somebody_else_has_set_since_then_is_kept(
    name: str, line: tuple[str, str], there: dict[str, str]
) -> None:
    """It is no more what the repair made."""
    with pytest.raises(RefusedError, match="somebody else has changed it"):
        bringing_back(named(name), THERE._replace(**there), *line)  # type: ignore[arg-type]
