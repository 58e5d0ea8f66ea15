"""OSS's error answers as they come over the wire, where oss2 makes less of them than they say."""

from collections.abc import Iterator

import pytest

from resource_repair import errors, oss
from resource_repair.timing import Clock, Deadline
from tests.contract.gateway_rig import CREDENTIALS, Answer, Server, serving

# Page "0003-00000201", but for the action.
DENIED = """<?xml version="1.0" encoding="UTF-8"?>
<Error>
  <Code>AccessDenied</Code>
  <Message>Access denied by bucket policy.</Message>
  <RequestId>65AF50371A2B3C45347E6D09</RequestId>
  <HostId>config-snapshot.oss-cn-shanghai.aliyuncs.com</HostId>
  <AccessDeniedDetail>
    <PolicyType>AccountLevelIdentityBasedPolicy</PolicyType>
    <AuthPrincipalOwnerId>1032312345672056</AuthPrincipalOwnerId>
    <AuthPrincipalType>AssumedRoleUser</AuthPrincipalType>
    <AuthPrincipalDisplayName>resource-repair:session</AuthPrincipalDisplayName>
    <NoPermissionType>ExplicitDeny</NoPermissionType>
    <AuthAction>oss:PutBucketAcl</AuthAction>
    <EncodedDiagnosticMessage>{message}</EncodedDiagnosticMessage>
  </AccessDeniedDetail>
  <EC>0003-00000201</EC>
  <RecommendDoc>https://api.aliyun.com/troubleshoot?q=0003-00000201</RecommendDoc>
</Error>"""
TELLS = (
    "AccessDenied (EC 0003-00000201): "
    "oss:PutBucketAcl is denied by the policies of the function's role: change that"
)
EC = {"x-oss-ec": "0003-00000201"}


@pytest.fixture
def server() -> Iterator[Server]:
    """The server that stands for OSS."""
    with serving() as running:
        yield running


@pytest.fixture
def bucket(server: Server) -> Iterator[oss.Bucket]:
    """A bucket of it, as the function asks for it."""
    bucket = oss.Oss(server.url, CREDENTIALS, Deadline(Clock(), 60)).bucket(
        "config-snapshot", "cn-shanghai"
    )
    yield bucket
    bucket.close()


def error(status: int, code: str, ec: str, more: str = "") -> Answer:
    """An error document as OSS writes it."""
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<Error>\n'
        f"  <Code>{code}</Code>\n  <Message>Told otherwise.</Message>\n"
        "  <RequestId>65AF50371A2B3C45347E6D09</RequestId>\n"
        f"  <HostId>config-snapshot.oss-cn-shanghai.aliyuncs.com</HostId>\n{more}"
        f"  <EC>{ec}</EC>\n</Error>\n"
    )
    return Answer(status, body, {"x-oss-ec": ec})


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (error(409, "ConcurrentUpdateBucketFailed", "0015-00000000"), errors.TransientError),
        (error(409, "BucketAlreadyExists", "0015-00000104"), errors.DeniedError),
        (error(403, "UserDisable", "0003-00000801"), errors.DisabledError),
        (error(403, "BucketDisable", "0003-00000908"), errors.DisabledError),
        (error(404, "NoSuchUser", "0003-00000000"), errors.DisabledError),
        (error(403, "BucketNotBelongTo", "0003-00000905"), errors.TheirsError),
        (error(403, "RequestTimeTooSkewed", "0002-00000504"), errors.TransientError),
        (error(400, "TooManyBuckets", "0015-00000000"), errors.TransientError),
        (error(409, "BucketNotEmpty", "0015-00000301"), errors.RefusedError),
    ],
    ids=lambda value: "" if isinstance(value, type) else value.body.split("Code>")[1][:-2],
)
def test_the_code_tells_what_the_status_does_not(
    server: Server, bucket: oss.Bucket, answer: Answer, kind: type[errors.BucketError]
) -> None:
    """A 409 can pass or be a missing permission; a 403 and a 404 can be the account's."""
    server.answer = answer
    with pytest.raises(errors.BucketError) as raised:
        bucket.write_acl("private")
    assert type(raised.value) is kind
    assert raised.value.oss_request_id == "REQUEST-ID"


def test_an_element_without_a_text_is_no_code(server: Server, bucket: oss.Bucket) -> None:
    """A code that is empty is told as the status, not as the word None."""
    server.answer = Answer(403, "<Error><Code/><EC/></Error>")
    with pytest.raises(errors.RefusedError, match=r"^status_403$"):
        bucket.read()


def test_who_denies_is_told(server: Server, bucket: oss.Bucket) -> None:
    """What is nested in the answer names the action and the layer; oss2 drops it."""
    server.answer = Answer(403, DENIED.format(message="AQIB"), EC)
    with pytest.raises(errors.DeniedError) as raised:
        bucket.write_acl("private")
    assert raised.value.reason.startswith(TELLS)


@pytest.mark.parametrize("length", [3000, 3400, 3500, 4000, 20000])
def test_a_long_denial_is_still_one(server: Server, bucket: oss.Bucket, length: int) -> None:
    """An answer too long for oss2, which then tells no code at all, is sorted as a short one is."""
    server.answer = Answer(403, DENIED.format(message="A" * length), EC)
    with pytest.raises(errors.DeniedError) as raised:
        bucket.write_acl("private")
    assert raised.value.reason.startswith(TELLS)


def test_a_long_answer_may_send_us_elsewhere(server: Server, bucket: oss.Bucket) -> None:
    """The endpoint counts in an answer that is too long for oss2, too."""
    endpoint = f"<Endpoint>oss-cn-beijing.aliyuncs.com</Endpoint><More>{'A' * 5000}</More>"
    server.answer = error(403, "AccessDenied", "0003-00001403", endpoint)
    with pytest.raises(errors.ElsewhereError) as raised:
        bucket.read()
    assert raised.value.region == "cn-beijing"


@pytest.mark.parametrize(
    "body",
    [
        "<html><Code>NoSuchBucket</Code>",
        "<html>" + "A" * 5000 + "<Error><Code>NoSuchBucket</Code></Error>",
        "<html><Error><Code>NoSuchBucket</Code>" + "A" * 5000,
        "<Error><Code>NoSuchBucket</Code" + "A" * 5000,
        "<Error><Code>&lt;NoSuchBucket</Code></Error>" + "A" * 5000,
    ],
)
def test_no_absence_is_read_out_of_a_page_that_is_not_oss_s(
    server: Server, bucket: oss.Bucket, body: str
) -> None:
    """A 404 of whatever stands between us and OSS does not make a bucket gone."""
    server.answer = Answer(404, body)
    with pytest.raises(errors.RefusedError, match=r"^status_404$"):
        bucket.read()


def test_a_long_denial_echoes_no_secret(server: Server, bucket: oss.Bucket) -> None:
    """What OSS echoes of a request reaches no reason from its nested elements either."""
    secrets = "".join(
        f"<{name}>{secret}</{name}>"
        for name in ("PolicyType", "AuthAction", "NoPermissionType", "EC", "Endpoint")
        for secret in CREDENTIALS
    )
    long = "<Code>AccessDenied</Code><AccessDeniedDetail>" + secrets + "</AccessDeniedDetail>"
    server.answer = Answer(404, f"<Error>{long}{'A' * 5000}</Error>")
    with pytest.raises(errors.DeniedError) as raised:
        bucket.write_acl("private")
    for secret in CREDENTIALS:
        assert secret not in raised.value.reason
