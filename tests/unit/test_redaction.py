"""Whatever a service or an exception says, no key, secret or token of it is shown."""

import json
import string
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from scripts.terminal import redacted

LETTERS = string.ascii_letters + string.digits
BASE64 = st.text(LETTERS + "+/", min_size=24, max_size=43).map(lambda each: each + "=")
HEX = st.text("0123456789abcdef", min_size=40, max_size=64)
WORDS = st.text(LETTERS, min_size=8, max_size=64)
UUID = st.uuids().map(str)

NAMES = [
    *("AccessKeySecret", "access_key_secret", "accessKeySecret", "AccessKeyId", "OSSAccessKeyId"),
    *("Signature", "signature", "x-oss-signature", "SignatureProvided", "StringToSign"),
    *("SecurityToken", "security-token", "x-oss-security-token", "x-acs-security-token"),
    *("access_token", "ALIBABA_CLOUD_ACCESS_KEY_SECRET", "ALIBABA_CLOUD_SECURITY_TOKEN"),
    *("password", "client_secret", "Credential", "x-oss-credential", "api_key", "api-key"),
]
FRAMES = [
    *("{n}={s}", "{n}: {s}", "{n}:{s}", "{n} = {s}", "{n}=%22{s}%22", "{n}='{s}'", '{n}="{s}"'),
    *('"{n}":"{s}"', '"{n}": "{s}"', "'{n}': '{s}'", "'{n}': b'{s}'", "('{n}', '{s}')"),
    *("'{n}': ['{s}']", r"\"{n}\":\"{s}\"", r"\\\"{n}\\\":\\\"{s}\\\"", "<{n}>{s}</{n}>"),
    *("?{n}={s}&x=1", "https://h/?a=b&{n}={s}", "{n}%3D{s}%26x%3D1", "{n}%3A%20{s}", "{n} => {s}"),
    *("name_{n}={s}", "'{n}' : u'{s}'", "--{n}={s}"),
]
AROUND = ["@", "the request failed: @ (403)", "GET / HTTP/1.1 @", "{'x': 1, @}", "a=b&@", "(@)"]


@given(
    st.sampled_from(NAMES),
    st.sampled_from(FRAMES),
    st.sampled_from(AROUND),
    WORDS | BASE64 | HEX | UUID | BASE64.map(lambda each: quote(each, safe="")),
)
def test_what_is_called_a_secret_is_not_shown(
    name: str, frame: str, around: str, secret: str
) -> None:
    """Under each name, in each notation, and wherever that stands."""
    shown = redacted(around.replace("@", frame.format(n=name, s=secret)))
    assert secret not in shown
    assert secret.rstrip("=") not in shown
    assert "***" in shown
    assert shown.startswith(around.partition("@")[0])


@given(st.sampled_from(["password", "secret"]), st.text(LETTERS + " ,;&=\\\"'", max_size=20), UUID)
def test_a_secret_of_several_words_ends_with_its_quotes(name: str, first: str, last: str) -> None:
    """What is quoted is hidden as a whole, with the quotes in it."""
    secret = f"x {first} {last}"
    for text in (json.dumps({name: secret, "status": "odd"}), str({name: secret, "status": "odd"})):
        shown = redacted(text)
        assert last not in shown
        assert "odd" in shown


SCHEMES = [
    *("OSS {k}:{s}", "FC {k}:{s}", "LOG {k}:{s}", "MNS {k}:{s}", "acs {k}:{s}"),
    "OSS4-HMAC-SHA256 Credential={k}/20260101/cn-shanghai/oss/aliyun_v4_request,Signature={s}",
    "OSS4-HMAC-SHA256 Credential={k}/2026/x, AdditionalHeaders=host, Signature={s}",
    "ACS3-HMAC-SHA256 Credential={k},SignedHeaders=host;x-acs-action,Signature={s}",
    "SLS4-HMAC-SHA256 Credential={k}/20260101/cn-shanghai/sls/aliyun_v4_request,Signature={s}",
    *("Bearer {k}{s}", "Basic {k}{s}"),
]
HEADERS = [
    *(
        "Authorization: {v}",
        "authorization: {v}",
        "'Authorization': '{v}'",
        '"Authorization":"{v}"',
    ),
    *("authorization = {v}", "('Authorization', '{v}')", "{{'authorization': b'{v}'}}"),
    *("Proxy-Authorization: {v}", r"{{\"authorization\":\"{v}\"}}", "> authorization : {v}"),
    *("signed as {v}", "the header {v} is wrong"),
]


@given(
    st.sampled_from(HEADERS),
    st.sampled_from(SCHEMES),
    st.text(LETTERS, min_size=16, max_size=24),
    BASE64 | HEX,
)
def test_no_authorization_is_shown(header: str, scheme: str, key: str, signature: str) -> None:
    """Of each service's form, with the header's name or without; neither its key id is."""
    shown = redacted(header.format(v=scheme.format(k=key, s=signature)))
    assert signature not in shown
    assert signature.rstrip("=") not in shown
    assert key not in shown


WITHOUT_NAME = (
    st.builds("{}{}".format, st.sampled_from(["LTAI", "LTAI5t", "STS.", "TMP."]), WORDS)
    | st.builds("{}{}".format, st.sampled_from(["CAIS", "CAES"]), BASE64)
    | st.text(LETTERS, min_size=30, max_size=30).map(lambda each: each[:-4] + "aB3z")
    | st.text(LETTERS, min_size=36, max_size=44).map(lambda each: each[:-3] + "aB3")
)


@example("wQxYzKdTplBgPRNxPqmAmVcOURZbJd", "the secret ", "")
@given(
    WITHOUT_NAME,
    st.sampled_from(["", "key ", "secret_", "(", "'", "a-", "=", "/", ",", "\u6876"]),
    st.sampled_from(["", " was refused", ")", "'", ",x", "\u6876", ".", ";"]),
)
def test_a_secret_is_known_by_its_form(secret: str, before: str, after: str) -> None:
    """Keys and tokens by how they begin, secrets by what they are made of, whatever is around."""
    shown = redacted(before + secret + after)
    assert secret not in shown
    assert secret.rstrip("=") not in shown


@pytest.mark.parametrize(
    "address",
    [
        "https://oapi.dingtalk.com/robot/send?access_token=@",
        "https://oapi.dingtalk.com/robot/send?timestamp=1&sign=@&access_token=@",
        "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=@",
        "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?debug=1&key=@",
        "https://hooks.slack.com/services/T00000000/B00000000/@",
        "https://open.feishu.cn/open-apis/bot/v2/hook/@",
        "https://open.larksuite.com/open-apis/bot/hook/@",
        "https://discord.com/api/webhooks/123456789/@",
        "https://x.webhook.office.com/webhookb2/@",
        "https://user:@@hooks.example.com/alerts",
        "https://@@hooks.example.com/alerts",
        "https://bucket.oss-cn-shanghai.aliyuncs.com/o?Expires=1&OSSAccessKeyId=x&Signature=@",
        "https://b.aliyuncs.com/?x-oss-signature=@&x-oss-credential=@%2F2026",
    ],
)
@given(UUID | st.text(LETTERS + "-", min_size=16, max_size=40))
def test_no_address_gives_its_secret_away(address: str, secret: str) -> None:
    """Robots' addresses, signed ones, and those with who somebody is: the host stays."""
    url = address.replace("@@", "\0").replace("@", secret).replace("\0", f"{secret}@")
    for text in (f"cannot reach {url}: refused", f"'{url}'", f'{{"url":"{url}"}}', f"<{url}>"):
        shown = redacted(text)
        assert secret not in shown
        assert "https://" in shown


HARMLESS = [
    "The specified bucket does not exist.",
    "not authorized to do ram:PassRole on acs:ram::1208863178610000:role/resource-repair-role",
    "denied by sts or ram, action: log:GetLogStore, resource: acs:log:cn-shanghai:*:project/x",
    "the service says: InvalidSecurityToken.Expired, the security token has expired",
    "SignatureDoesNotMatch, see https://next.api.aliyun.com/troubleshoot?q=SignatureDoesNotMatch",
    "RequestId: 5C3D9175B6FC201293AD0001 and 32B7EB75-62EE-511E-9449-E19EBF67C2ED",
    "MessageId C6DB60D1574661357FA237D7F3A5C1B2 of queue resource-repair-failed",
    "sha256 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "rule cr-a6129bc09da7009675a0 in https://oss-cn-shanghai.aliyuncs.com/config-snapshot?acl",
    "StartConfigRuleEvaluationByResource and ConfigurationItemChangeNotification are operations",
    "PutBucketPublicAccessBlockName has 30 letters",
    "resource-repair-proof-2de0d4ec6644c607 b\u00fccket \u6876 100% &amp; {'a': [1, 2]}",
    "basic settings and bearer of news; FC 3.0: no services; OSS says: no; LOG store x: none",
    "key=value, keys: 3, monkey: 1, design: new, ink: 1",
    "MD5 rL0Y20zC+Fzt72VPzMSk2A== of the code",
    "https://fc.example.com/services/",
]


@pytest.mark.parametrize("text", HARMLESS)
def test_what_tells_no_secret_stays(text: str) -> None:
    """Ids, names, digests, addresses and words are shown as they are."""
    assert redacted(text) == text


@given(st.text(string.ascii_lowercase + " .,-0123456789", max_size=200))
def test_plain_words_stay(text: str) -> None:
    """Words in small letters without a name for secrets are shown as they are."""
    text = " ".join(each for each in text.split() if len(each) < 20)
    if not any(name in text for name in ("key", "secret", "token", "sign", "pass")):
        assert redacted(text) == text.strip()


@pytest.mark.parametrize(
    "unit",
    [
        "token",
        "a",
        "aB3",
        "\\",
        '"',
        "'",
        "token=",
        'token="',
        "://",
        "LTAI",
        "OSS a",
        " ",
        "=",
        "@",
    ],
)
def test_a_long_text_is_read_once(unit: str) -> None:
    """However long a line is, hiding takes a time that grows no faster; at the end is 300."""
    assert len(redacted(unit * (200_000 // len(unit)))) <= 300
