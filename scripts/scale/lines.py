"""How long an audit line is: written by the function's own `audit`, and counted."""

import io

from resource_repair import audit, values
from resource_repair.values import Outcome

_REQUEST_ID = "1-64b805e2-c26c6ee0a761e1c4fed8a48a"
_OSS_REQUEST_ID = "6138D5A7C8E0F93234A1B2C3"
_BUCKET = "team-reports-archive-2024"  # 25 of the 63 characters that a name may have


def sizes() -> dict[str, int]:
    """Bytes of the line of a typical finding with its newline, by outcome."""
    fixed = Outcome(
        outcome=values.REPAIRED,
        bucket=_BUCKET,
        region="cn-shanghai",
        rule_id="cr-a6129bc09da7009675a0",
        rule_name="test-oss-bucket-public-read-prohibited",
        account_id="1208863178610000",
        acl_before="public-read",
        acl_after="private",
        public_by_policy=False,
        oss_request_id=_OSS_REQUEST_ID,
        duration_ms=150,
    )
    nothing = fixed._replace(acl_before=None, acl_after=None, public_by_policy=None)
    lines = (
        fixed,
        fixed._replace(outcome=values.ALREADY_PRIVATE, acl_before="private"),
        nothing._replace(outcome=values.DENIED, reason="AccessDenied (EC 0003-00000001)"),
        nothing._replace(
            outcome=values.IGNORED, reason="other_rule: cr-b9046457e0d9003f0000", oss_request_id=""
        ),
    )
    return {each.outcome: _size(each) for each in lines}


def _size(outcome: Outcome) -> int:
    stream = io.StringIO()
    audit.record(outcome, values.ENFORCE, _REQUEST_ID, stream)
    return len(stream.getvalue().encode())
