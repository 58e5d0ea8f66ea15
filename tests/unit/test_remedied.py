"""What undoes a repair, by what is there, by the audit line, and by what is declared."""

import json

import pytest

from resource_repair.errors import RefusedError
from resource_repair.oss import BucketState
from resource_repair.remediations import named
from scripts.decide.remedied import bringing_back, brought_back
from tests.unit.policies import DENY, NAMED, OPEN, THEIRS, WRITES, plain, policy
from tests.unit.policies_no_http import NO_HTTP

THERE = BucketState("config-snapshot", "1", "private", "2021", "cn-shanghai", False, "id", "AES256")
TAKEN_OUT = (json.dumps([OPEN, WRITES]), "[]")
ADDED = ("[]", json.dumps([NO_HTTP]))
THEIR_OWN = {**NO_HTTP, "Sid": "theirs"}


@pytest.mark.parametrize(
    ("name", "there", "line", "left"),
    [
        ("policy", policy(NAMED), TAKEN_OUT, policy(NAMED, OPEN, WRITES)),
        ("policy", policy(THEIRS, WRITES), TAKEN_OUT, policy(THEIRS, WRITES, OPEN)),
        ("policy", "", TAKEN_OUT, policy(OPEN, WRITES)),
        ("policy", policy(WRITES, NAMED, OPEN), TAKEN_OUT, None),
        ("policy", policy(), (json.dumps([OPEN, OPEN]), "[]"), policy(OPEN)),
        # What it left there is nobody's to bring back.
        (
            "policy",
            policy(NAMED),
            (json.dumps([OPEN, WRITES]), json.dumps([WRITES])),
            policy(NAMED, OPEN),
        ),
        # What somebody put in meanwhile, which its line tells as well, is theirs.
        (
            "policy",
            policy(NAMED, WRITES),
            (json.dumps([OPEN]), json.dumps([WRITES])),
            policy(NAMED, WRITES, OPEN),
        ),
        (
            "https",
            policy(NO_HTTP, THEIR_OWN),
            (ADDED[0], json.dumps([NO_HTTP, THEIR_OWN])),
            policy(THEIR_OWN),
        ),
        ("https", policy(THEIR_OWN), (ADDED[0], json.dumps([THEIR_OWN])), None),
        ("https", policy(NAMED, NO_HTTP, THEIRS), ADDED, policy(NAMED, THEIRS)),
        ("https", policy(DENY, NO_HTTP), ADDED, policy(DENY)),
        ("https", policy(NO_HTTP), ADDED, ""),
        ("https", policy(NAMED), ADDED, None),
        ("https", "", ADDED, None),
    ],
)
def test_of_a_document_that_others_write_its_own_part_is_undone(
    name: str, there: str, line: tuple[str, str], left: str | None
) -> None:
    """What was taken out is put among what is there, each once; what was added goes; no more."""
    operation, text = bringing_back(named(name), THERE._replace(policy=there), *line)
    if left is None:
        assert (operation, text) == ("", "")
        return
    assert operation == ("PutBucketPolicy" if left else "DeleteBucketPolicy")
    assert plain(text) == left
    after = brought_back(THERE, operation, text)
    assert bringing_back(named(name), after, *line) == ("", "")


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
