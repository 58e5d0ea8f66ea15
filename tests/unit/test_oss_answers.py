"""What each of OSS's error codes means to the repair: a row a test, and no row untested."""

import string

import oss2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resource_repair import errors, oss_answers

Kind = type[errors.BucketError]

GONE, DENIED, REFUSED = errors.NoSuchBucketError, errors.DeniedError, errors.RefusedError
TRANSIENT, UNSUPPORTED = errors.TransientError, errors.UnsupportedError
DISABLED, THEIRS = errors.DisabledError, errors.TheirsError

READ, WRITE = "GetBucketInfo", "PutBucketAcl"
POLICY, TAGS, BLOCK = "GetBucketPolicyStatus", "GetBucketTagging", "GetPublicAccessBlock"
OPERATIONS = (READ, WRITE, POLICY, TAGS, BLOCK)

# The page that has it, the operation ("" for each), status, code, and what it is.
ROWS: list[tuple[str, str, int, str, Kind]] = [
    ("GetBucketInfo", "", 404, "NoSuchBucket", GONE),
    ("absence is believed of a 404 alone", "", 403, "NoSuchBucket", REFUSED),
    ("absence is believed of a 404 alone", "", 503, "NoSuchBucket", TRANSIENT),
    ("HTTP 404 errors: of an object", "", 404, "NoSuchKey", REFUSED),
    ("PutBucketAcl", "", 403, "AccessDenied", DENIED),
    ("0015-00000104", WRITE, 409, "BucketAlreadyExists", DENIED),
    ("0015-00000104: a read has no such answer", READ, 409, "BucketAlreadyExists", REFUSED),
    ("HTTP 403 errors", "", 403, "BucketNotBelongTo", THEIRS),
    ("HTTP 403 errors", "", 403, "UserDisable", DISABLED),
    ("HTTP 403 errors", "", 403, "InDebt", DISABLED),
    ("HTTP 403 errors", "", 403, "InDebtOverdue", DISABLED),
    ("HTTP 403 errors", "", 403, "BucketDisable", DISABLED),
    ("HTTP 403 errors", "", 403, "AbnormalBucketOwnerStatus", DISABLED),
    ("HTTP 404 errors: the account is gone", "", 404, "NoSuchUser", DISABLED),
    ("field reports", "", 409, "ConcurrentUpdateBucketFailed", TRANSIENT),
    ("busy", "", 409, "OperationAborted", TRANSIENT),
    ("HTTP 400 errors: only who creates has too many", WRITE, 400, "TooManyBuckets", TRANSIENT),
    ("HTTP 400 errors: a read creates nothing", READ, 400, "TooManyBuckets", REFUSED),
    ("HTTP 400 errors", "", 400, "RequestTimeout", TRANSIENT),
    ("0002-00000504", "", 403, "RequestTimeTooSkewed", TRANSIENT),
    ("HTTP 429 errors", "", 429, "QpsLimitExceeded", TRANSIENT),
    ("HTTP 503 errors", "", 503, "TotalQpsLimitExceeded", TRANSIENT),
    ("HTTP 503 errors", "", 503, "MetaOperationQpsLimitExceeded", TRANSIENT),
    ("HTTP 503 errors", "", 503, "ActiveRequestLimitExceeded", TRANSIENT),
    ("HTTP 503 errors", "", 503, "ServiceUnavailable", TRANSIENT),
    ("HTTP 500 errors", "", 500, "InternalError", TRANSIENT),
    ("throttled, whatever the status", "", 403, "SlowDown", TRANSIENT),
    ("throttled, whatever the status", "", 400, "Throttling", TRANSIENT),
    ("0002-00000007", "", 403, "SecurityTokenExpired", REFUSED),
    ("0002-00000006", "", 403, "InvalidSecurityToken", REFUSED),
    ("HTTP 403 errors", "", 403, "AccessKeyIdAndSecurityTokenNotMatch", REFUSED),
    ("0002-00000904", "", 403, "InvalidAccessKeyId", REFUSED),
    ("0002-00000201", "", 403, "SignatureDoesNotMatch", REFUSED),
    ("0015-00000204", "", 400, "InvalidArgument", REFUSED),
    ("HTTP 403 errors", "", 403, "SecondLevelDomainForbidden", REFUSED),
    ("HTTP 403 errors", "", 403, "NonStandardHostForbidden", REFUSED),
    ("HTTP 403 errors: without an endpoint", "", 403, "PermanentRedirect", REFUSED),
    ("0015-00000001", "", 400, "InvalidBucketName", REFUSED),
    ("0005-00000204", "PutBucketEncryption", 400, "InvalidArgument", REFUSED),
    ("0005-00000003", "PutBucketEncryption", 400, "InvalidEncryptionAlgorithmError", REFUSED),
    ("in no page: of what is put", "PutBucketPolicy", 400, "InvalidArgument", REFUSED),
    ("0030-00000001", "PutBucketPolicy", 400, "InvalidPolicyDocument", REFUSED),
    ("its status says so", "", 405, "MethodNotAllowed", UNSUPPORTED),
    ("its status says so", "", 501, "NotImplemented", UNSUPPORTED),
    ("in no page: by its status", "", 429, "Whatever", TRANSIENT),
    ("in no page: by its status", "", 500, "Whatever", TRANSIENT),
    ("in no page: by its status", "", 599, "Whatever", TRANSIENT),
    ("in no page: by its status", "", 408, "", TRANSIENT),
    ("in no page: for good", "", 400, "Whatever", REFUSED),
    ("in no page: for good", "", 409, "Whatever", REFUSED),
    ("in no page: for good", "", 304, "", REFUSED),
    ("busy, whatever the code", "", 503, "AccessDenied", TRANSIENT),
    ("busy, whatever the code", "", 503, "UserDisable", TRANSIENT),
]

EXPLICIT = "<NoPermissionType>ExplicitDeny</NoPermissionType>"
IMPLICIT = "<NoPermissionType>ImplicitDeny</NoPermissionType>"


def answer(status: int, code: str, extra: str = "", ec: str = "") -> oss2.exceptions.OssError:
    """OSS's error answer, as oss2 raises it."""
    body = f"<Error><Code>{code}</Code><Message>no</Message>{extra}<EC>{ec}</EC></Error>"
    details = {"Code": code, "EC": ec}
    return oss2.exceptions.ServerError(status, {}, body.encode(), details)


def detail(*elements: str) -> str:
    """The element that says who denies."""
    return f"<AccessDeniedDetail>{''.join(elements)}</AccessDeniedDetail>"


def policy(of_type: str) -> str:
    """The element that says by which policy."""
    return f"<PolicyType>{of_type}</PolicyType>"


@pytest.mark.parametrize(("page", "operation", "status", "code", "kind"), ROWS)
def test_each_code_has_its_meaning(
    page: str, operation: str, status: int, code: str, kind: Kind
) -> None:
    """Each answer to each operation is of one kind, and its reason begins with its code."""
    for each in [operation] if operation else OPERATIONS:
        error = oss_answers.sort(each, answer(status, code, ec="0001-00000001"))
        assert type(error) is kind, page
        assert error.reason.startswith(f"{code or f'status_{status}'} (EC 0001-00000001)")


def test_no_row_of_the_table_is_untested() -> None:
    """What the table says of a code, a row above says too."""
    tested = {code for _, _, _, code, _ in ROWS}
    tested |= {f"{operation} {code}" for _, operation, _, code, _ in ROWS}
    assert set(oss_answers.TABLE) <= tested


def test_what_oss_no_longer_takes_of_a_policy_is_for_a_person() -> None:
    """Page "Bucket Policy": what is put anew must meet what is new since it was put."""
    refusal = answer(400, "InvalidPolicyDocument", ec="0030-00000008")
    assert oss_answers.sort("PutBucketPolicy", refusal).reason == (
        "InvalidPolicyDocument (EC 0030-00000008): OSS no longer takes what would be put: mend "
        "the policy by hand (such as acs:SourceIp without acs:SourceVpc)"
    )


@pytest.mark.parametrize("code", ["SecurityTokenExpired", "InvalidAccessKeyId"])
def test_refused_credentials_are_told_from_a_missing_permission(code: str) -> None:
    """Nobody looks for a policy when it is the credentials of one invocation."""
    reason = oss_answers.sort(READ, answer(403, code)).reason
    assert reason.endswith(
        ": the credentials are refused, of which the next invocation gets new ones"
    )


@pytest.mark.parametrize(
    ("extra", "advice"),
    [
        ("", "allow oss:PutBucketAcl to the function's role"),
        (detail(), "allow oss:PutBucketAcl to the function's role"),
        (
            detail(policy("AccountLevelIdentityBasedPolicy"), IMPLICIT),
            "oss:PutBucketAcl is not allowed by the policies of the function's role: allow it",
        ),
        (
            detail("<AuthAction>oss:PutBucket</AuthAction>"),
            "allow oss:PutBucket to the function's role",
        ),
        (
            detail(policy("ResourceGroupLevelIdentityBasedPolicy"), EXPLICIT),
            "oss:PutBucketAcl is denied by the policies of the function's role: change that",
        ),
        (
            detail(policy("ControlPolicy"), EXPLICIT),
            "oss:PutBucketAcl is denied by a control policy",
        ),
        (
            detail(policy("SessionPolicy"), IMPLICIT),
            "oss:PutBucketAcl is not allowed by the session",
        ),
        (detail(policy("AssumeRolePolicy")), "oss:PutBucketAcl is not allowed by the trust policy"),
        (detail(policy("BucketPolicy"), EXPLICIT), "oss:PutBucketAcl is denied by BucketPolicy: "),
        (detail(EXPLICIT), "oss:PutBucketAcl is denied by a policy of the role, the bucket, the "),
        (detail(policy("evil.example"), EXPLICIT), "oss:PutBucketAcl is denied by a policy of"),
        (
            detail("<AuthAction>ecs:DeleteInstance</AuthAction>"),
            "allow oss:PutBucketAcl to the function's role",
        ),
        (
            detail(f"<AuthAction>oss:P{'u' * 60}t</AuthAction>"),
            "allow oss:PutBucketAcl to the function's role",
        ),
    ],
)
def test_a_denial_says_which_permission_and_who_denies_it(extra: str, advice: str) -> None:
    """The action, and the layer where it must be allowed, as far as OSS tells them."""
    reason = oss_answers.sort(WRITE, answer(403, "AccessDenied", extra)).reason
    assert reason.startswith(f"AccessDenied: {advice}")


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_denial_names_the_operation_s_own_permission(operation: str) -> None:
    """Which permission is missing is told even if OSS says no more than that one is."""
    reason = oss_answers.sort(operation, answer(403, "AccessDenied")).reason
    assert f"allow oss:{operation} to the function's role" in reason


def test_a_name_that_is_taken_is_a_missing_permission() -> None:
    """Whoever may not set the ACL of a bucket that is there is told that its name is taken."""
    reason = oss_answers.sort(WRITE, answer(409, "BucketAlreadyExists", ec="0015-00000104")).reason
    assert reason.startswith("BucketAlreadyExists (EC 0015-00000104): allow oss:PutBucketAcl to")
    assert reason.endswith("; unless it is another account's by now")


@pytest.mark.parametrize("code", ["NoSuchBucket", "AccessDenied", "UserDisable", "Whatever"])
def test_the_detailed_code_decides_nothing(code: str) -> None:
    """OSS may change an EC at any time: whatever it is, the answer means the same."""
    for ec in ("", "0003-00001403", "0015-00000103", "0003-00000801", "odd"):
        kinds = {type(oss_answers.sort(READ, answer(404, code, ec=each))) for each in ("", ec)}
        assert len(kinds) == 1


SECRET = "Zx9+canary/Secret"
TEXTS = st.one_of(
    st.none(),
    st.text(),
    st.sampled_from([*oss_answers.TABLE, SECRET, f"AccessDenied\n{SECRET}", "A" * 65, "\u0661"]),
)
NAMES = ("Code", "EC", "Endpoint", "AccessDeniedDetail", "PolicyType", "AuthAction", "Error")
BODIES = st.one_of(
    st.binary(max_size=4096),
    st.text(),
    st.lists(st.tuples(st.sampled_from(NAMES), TEXTS), max_size=12).map(
        lambda found: (
            "<Error>"
            + "".join(f"<{name}>{text}</{name}>" for name, text in found)
            + f"<Message>{SECRET}</Message>"
        )
    ),
).map(lambda body: body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body)


@given(
    operation=st.sampled_from(OPERATIONS),
    status=st.integers(-5, 700),
    details=st.dictionaries(st.sampled_from(NAMES), TEXTS),
    request_id=TEXTS.filter(lambda text: text is not None),
    ec=TEXTS,
    body=st.one_of(BODIES, st.text()),
)
def test_any_answer_is_sorted_and_none_is_repeated(
    operation: str,
    status: int,
    details: dict[str, str | None],
    request_id: str,
    ec: str | None,
    body: bytes | str,
) -> None:
    """Whatever comes, there is an error, whose reason is short and plain and echoes nothing."""
    headers = {"x-oss-request-id": request_id, "x-oss-ec": ec}
    error = oss_answers.sort(operation, oss2.exceptions.OssError(status, headers, body, details))
    assert isinstance(error, errors.BucketError)
    assert len(error.reason) < 320
    assert set(error.reason) <= set(string.ascii_letters + string.digits + " ._-:;,()'")
    assert "canary" not in error.reason + error.oss_request_id
    assert len(error.oss_request_id) <= 64
    if isinstance(error, errors.NoSuchBucketError):
        assert status == 404
