import functools
import re
from urllib.parse import urlsplit

import pytest
import requests
from alibabacloud_credentials.exceptions import CredentialException
from alibabacloud_fc_open20210406 import models as fc
from alibabacloud_mns_open20220119 import models as mns
from alibabacloud_ram20150501 import models as ram
from alibabacloud_sls20201230 import models as sls
from alibabacloud_tea_openapi.exceptions import ClientException
from darabonba.exceptions import UnretryableException
from darabonba.policy.retry import RetryPolicyContext
from Tea.exceptions import TeaException

from scripts.account.clients import Clients, Endpoints, calling, fixed_credentials
from scripts.errors import ClientsError, CloudError, Problem

NAMES = [
    f"RESOURCE_REPAIR_{name}_ENDPOINT"
    for name in ("OSS", "FC", "RAM", "STS", "MNS", "CONFIG", "LOG")
]
LOCAL = dict.fromkeys(NAMES, "http://127.0.0.1:1234")


def test_a_local_cloud_is_never_had_by_half() -> None:
    """None set means Alibaba Cloud's own, all set a local cloud; some on this machine are refused.

    What is to be set or unset is named.
    """
    assert Endpoints.from_environment({}) == Endpoints()
    assert set(Endpoints.from_environment(LOCAL)) == {"http://127.0.0.1:1234"}
    for name in NAMES:
        for elsewhere in ({}, {name: "https://service.example.com"}):
            some = {other: url for other, url in LOCAL.items() if other != name}
            with pytest.raises(ClientsError, match=f"set {name} too, or unset those"):
                Endpoints.from_environment(some | elsewhere)
            with pytest.raises(ClientsError, match=f"^{name} lead to this machine"):
                Endpoints.from_environment({name: "https://localhost:80"})


@pytest.mark.parametrize("name", NAMES)
def test_a_private_endpoint_is_set_alone(name: str) -> None:
    """The other services stay Alibaba Cloud's own; in the clear it is not had."""
    found = Endpoints.from_environment({name: "https://service.example.com"})
    assert [url for url in found if url] == ["https://service.example.com"]
    with pytest.raises(ClientsError, match="use https"):
        Endpoints.from_environment({name: "http://service.example.com"})


def test_a_private_endpoint_of_oss_can_be_of_each_region() -> None:
    """{region} in it stands for the bucket's, as in the function's ossEndpoint."""
    endpoints = Endpoints(oss="https://oss-{region}.example.com")
    key = fixed_credentials("id", "secret")
    clients = Clients("cn-shanghai", credentials=key, endpoints=endpoints)
    hosts = [clients.bucket("a-bucket", region).endpoint for region in ("", "cn-beijing")]
    assert hosts == ["https://oss-cn-shanghai.example.com", "https://oss-cn-beijing.example.com"]


@pytest.mark.parametrize(
    ("region", "name"),
    [("cn-hangzhou-finance", "cn-hzfinance"), ("cn-shanghai-finance-1", "cn-shanghai-finance-1")],
)
def test_finance_cloud_is_asked_by_its_name_in_oss(region: str, name: str) -> None:
    """Host and signature have that, at home too; no host has the region's own id."""
    clients = Clients(region, credentials=fixed_credentials("id", "secret"))
    bucket = clients.bucket("a-bucket")
    assert (bucket.endpoint, bucket.region) == (f"https://oss-{name}.aliyuncs.com", name)


@pytest.mark.parametrize(
    ("url", "fine"),
    [
        ("https://ram.example.com", True),
        ("http://localhost:80", True),
        ("http://[::1]:80", True),
        ("http://ram.example.com", False),
        ("http://127.0.0.1.example.com", False),
        ("http://localhost@example.com", False),
        ("ram.example.com", False),
        ("ftp://127.0.0.1", False),
        ("https://", False),
    ],
)
def test_credentials_go_by_https_or_stay_on_the_machine(url: str, fine: bool) -> None:
    """Plain http is for a loopback host alone, whoever gives the endpoint."""
    if fine:
        Clients("cn-shanghai", endpoints=Endpoints(ram=url))
        return
    with pytest.raises(ClientsError, match="the endpoint of ram"):
        Clients("cn-shanghai", endpoints=Endpoints(ram=url))


def test_alibaba_cloud_s_own_endpoints_are_https(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an override each client asks its service's own host, by https."""
    asked: list[str] = []

    def refuse(_: requests.Session, request: requests.PreparedRequest, **__: object) -> None:
        asked.append(str(request.url))
        raise requests.ConnectionError

    monkeypatch.setattr(requests.Session, "send", refuse)
    key = fixed_credentials("id", "secret")
    clients = Clients("cn-shanghai", credentials=key, config_region="ap-southeast-1")
    clients.account_id = "1234567890123456"
    china = Clients("ap-southeast-1", credentials=key, config_region="cn-shanghai")
    elsewhere = Clients("cn-shanghai", credentials=key, alert_region="eu-central-1")
    users, request = "sls.common.user", sls.ListResourceRecordRequest()
    for ask in (
        clients.sts.get_caller_identity,
        lambda: clients.ram.get_role(ram.GetRoleRequest(role_name="a")),
        lambda: clients.fc.get_service("a", fc.GetServiceRequest()),
        clients.config.get_configuration_recorder,
        china.config.get_configuration_recorder,
        lambda: clients.mns.list_queue(mns.ListQueueRequest()),
        lambda: clients.log.get_project("logs", sls.GetProjectRequest()),
        *(
            functools.partial(each.alert_records.list_resource_record, users, request)
            for each in (clients, china, elsewhere)
        ),
        clients.bucket("config-snapshot", "cn-beijing").get_bucket_info,
    ):
        with pytest.raises(Exception):  # noqa: B017, PT011  (each SDK's own)
            ask()
    places = [urlsplit(url) for url in dict.fromkeys(asked)]
    assert [f"{place.scheme}://{place.netloc}" for place in places] == [
        "https://sts.cn-shanghai.aliyuncs.com",
        "https://ram.aliyuncs.com",
        "https://1234567890123456.cn-shanghai.fc.aliyuncs.com",
        "https://config.ap-southeast-1.aliyuncs.com",
        "https://config.cn-shanghai.aliyuncs.com",
        "https://mns-open.cn-shanghai.aliyuncs.com",
        "https://logs.cn-shanghai.log.aliyuncs.com",
        "https://ap-southeast-1.log.aliyuncs.com",
        "https://cn-heyuan.log.aliyuncs.com",
        "https://eu-central-1.log.aliyuncs.com",
        "https://config-snapshot.oss-cn-beijing.aliyuncs.com",
    ]


def test_where_alert_records_are_is_not_guessed() -> None:
    """With an endpoint of Cloud Config's own nothing tells the account's site."""
    endpoints = Endpoints(config="https://config.example.com")
    clients = Clients("cn-shanghai", endpoints=endpoints)
    with pytest.raises(Problem, match="to cn-heyuan or ap-southeast-1"):
        _ = clients.alert_records


def refused_by_log_service(code: str, message: str) -> UnretryableException:
    """The same, as Log Service's SDK has it."""
    answer = TeaException({"code": code, "message": message, "data": {"statusCode": 401}})
    return UnretryableException(RetryPolicyContext(exception=answer))


def refused(code: str, message: str, status: int = 403) -> ClientException:
    """What an SDK raises for an answer."""
    data = {"Code": code, "Message": message}
    return ClientException(status_code=status, code=code, message=message, data=data)


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (refused("NoPermission", "not authorized to do ram:PassRole"), "allow ram:PassRole to"),
        (refused("NoPermission", "not authorized to do this"), "allow ram:GetRole to"),
        (refused("NoPermission", "not authorized to do ram:PassRole"), "do ram:PassRole"),
        (refused("Throttling.User", "slow down"), "too many requests"),
        (refused("EntityNotExist.Role", "no such role\nat all", 404), "says: no such role"),
        (refused("Odd", "key LTAI5tHiddenKeyId and token CAISHiddenToken/+="), "*** and token ***"),
        (refused("SignatureDoesNotMatch", "server signs LTAI5tHiddenKeyId"), "renew them"),
        (refused_by_log_service("Unauthorized", "denied by sts or ram"), "allow ram:GetRole"),
        (refused_by_log_service("Unauthorized", "key not found: LTAI5tHiddenKeyId"), "renew them"),
        (CredentialException("unable to load"), "set ALIBABA_CLOUD_ACCESS_KEY_ID"),
    ],
)
def test_a_refusal_is_one_line_with_what_to_do(error: Exception, says: str) -> None:
    """It names operation, subject and code, says what to do, and repeats no key and no token."""
    with pytest.raises(CloudError) as caught, calling("ram:GetRole", "a-role"):
        raise error
    line = str(caught.value)
    assert line.startswith("ram:GetRole on a-role failed: ")
    assert says in line
    assert "Hidden" not in line
    assert "\n" not in line


@pytest.mark.parametrize(
    ("code", "status", "passes"),
    [
        ("Throttling.User", 400, True),
        ("ReadQuotaExceed", 403, True),
        ("WriteQuotaExceed", 403, True),
        ("ServerBusy", 0, True),
        ("ConcurrentUpdateBucketFailed", 409, True),
        ("NoUsableAnswer", 0, True),
        ("Odd", 429, True),
        ("InternalError", 500, True),
        ("NoPermission", 403, False),
        ("EntityNotExist.Role", 404, False),
        ("Odd", 0, False),
    ],
)
def test_what_passes_is_told_apart(code: str, status: int, passes: bool) -> None:
    """Throttling, every quota of a moment, an overload and no answer pass; a refusal does not."""
    assert CloudError("log:GetLogStoreLogs", "a-store", code, status, "").passes is passes


# As users of the services report them.
@pytest.mark.parametrize(
    ("said", "named"),
    [
        (
            "the caller is not authorized to perform 'fc:CreateService' on resource "
            "'acs:fc:cn-shanghai:1208863178610000:services/*'.",
            ("fc:CreateService",),
        ),
        (
            "the caller is not authorized to perform 'fc:CreateTrigger' on resource "
            "'acs:fc:x:x:functions/x' with condition '[fc:EnableHTTPTriggerInternet=true]'",
            ("fc:CreateTrigger",),
        ),
        (
            "You are not authorized to do this action. "
            "Resource: acs:ram:*:1208863178610000:role/* Action: ram:CreateRole",
            ("ram:CreateRole",),
        ),
        (
            "denied by sts or ram, action: log:ListProject, resource: "
            "acs:log:cn-shanghai:1208863178610000:project/*",
            ("log:ListProject",),
        ),
        ("The OwnerId that your Access Key Id associated to is forbidden for this operation.", ()),
    ],
)
def test_the_actions_that_a_service_names_are_known(said: str, named: tuple[str, ...]) -> None:
    """The action alone: no ARN, and no key of a condition. Without any it is the operation's."""
    with pytest.raises(CloudError) as caught, calling("fc:Whatever", "it"):
        raise refused("AccessDenied", said)
    assert caught.value.refused == (named or ("fc:Whatever",))


def test_an_action_is_known_from_the_detail_of_a_refusal() -> None:
    """Newer answers name it beside the message."""
    data = {
        "Code": "NoPermission",
        "Message": "You are not authorized to do this.",
        "AccessDeniedDetail": {"AuthAction": "ram:PassRole", "NoPermissionType": "ImplicitDeny"},
    }
    error = ClientException(status_code=403, code="NoPermission", message="", data=data)
    with pytest.raises(CloudError, match="allow ram:") as caught, calling("fc:CreateService", "it"):
        raise error
    assert caught.value.refused == ("ram:PassRole",)


@pytest.mark.parametrize(
    ("said", "final"),
    [
        ("the caller is not authorized to perform 'fc:CreateService' on resource '*'", True),
        ("You are not authorized to do this action. Resource: * Action: ram:PassRole", True),
        ("denied by sts or ram, action: log:ListProject, resource: *", True),
        ("FC service is not enabled for current user.", True),
        ("The service or function doesn't belong to you.", True),
        ("refused by an ExplicitDeny", True),
        ("the role 'acs:ram::1:role/new' cannot be assumed: it lacks sts:AssumeRole", False),
        ("No permission to access the logstore 'audit' in project 'new'.", False),
        ("", False),
    ],
)
def test_a_refusal_that_names_the_caller_does_not_pass(said: str, final: bool) -> None:
    """Of a role that is named others may not know yet: of the caller all is known."""
    with pytest.raises(CloudError) as caught, calling("fc:CreateService", "it"):
        raise refused("AccessDenied", said)
    assert caught.value.final is final


def denied(kind: str, policy: str, said: str = "no") -> ClientException:
    """A refusal with its detail."""
    detail = {"AuthAction": "ram:GetRole", "NoPermissionType": kind, "PolicyType": policy}
    data = {"Code": "NoPermission", "Message": said, "AccessDeniedDetail": detail}
    return ClientException(status_code=403, code="NoPermission", message=said, data=data)


IDENTITY, GROUP = "AccountLevelIdentityBasedPolicy", "ResourceGroupLevelIdentityBasedPolicy"
FC_OFF = "FC service is not enabled for current user."


@pytest.mark.parametrize(
    ("operation", "error", "says", "statement_helps"),
    [
        ("ram:GetRole", denied("ImplicitDeny", IDENTITY), "allow ram:GetRole to whoever", True),
        ("ram:GetRole", denied("ImplicitDeny", ""), "allow ram:GetRole to whoever", True),
        ("ram:GetRole", denied("ImplicitDeny", "NewPolicy"), "allow ram:GetRole to", True),
        ("ram:GetRole", refused("NoPermission", "no"), "allow ram:GetRole to whoever", True),
        (
            "ram:GetRole",
            denied("ExplicitDeny", IDENTITY),
            "a policy of whoever these credentials are denies ram:GetRole, and no Allow elsewhere "
            "helps against that: take that Deny away",
            False,
        ),
        ("ram:GetRole", denied("ExplicitDeny", GROUP), "for a resource group, denies", False),
        ("ram:GetRole", denied("ExplicitDeny", "NewPolicy"), "of type NewPolicy denies", False),
        ("ram:GetRole", denied("ExplicitDeny", "x\n[31m"), "some policy denies", False),
        (
            "ram:GetRole",
            denied("ExplicitDeny", "ControlPolicy"),
            "a control policy of the resource directory denies ram:GetRole, and no Allow elsewhere "
            "helps against that: ask whoever administers the resource directory",
            False,
        ),
        ("ram:GetRole", denied("ImplicitDeny", "ControlPolicy"), "does not allow", False),
        (
            "ram:GetRole",
            denied("ImplicitDeny", "SessionPolicy"),
            "the policy that was given when the role was assumed does not allow ram:GetRole",
            False,
        ),
        ("sts:AssumeRole", denied("ImplicitDeny", "AssumeRolePolicy"), "the trust policy", False),
        ("fc:GetService", refused("AccessDenied", "an explicit deny"), "some policy denies", False),
        ("fc:GetService", refused("AccessDenied", FC_OFF), "https://fcnext.console.aliyun", False),
        (
            "log:GetProject",
            refused_by_log_service("Unauthorized", "AccessKeyId LTAI5tHidden is inactive"),
            "Log Service is not switched on in this account, or the key is not: activate it at "
            "https://sls.console.aliyun.com",
            False,
        ),
        (
            "config:ListConfigRules",
            refused("Forbidden", "The service is not activated."),
            "Cloud Config is not switched on in this account, and no permission helps: activate it",
            False,
        ),
    ],
)
def test_a_refusal_that_no_statement_mends_is_told_as_such(
    operation: str, error: Exception, says: str, statement_helps: bool
) -> None:
    """A Deny, a policy elsewhere, a service that is off: who mends it; to allow is no help."""
    with pytest.raises(CloudError) as caught, calling(operation, "it"):
        raise error
    assert says in str(caught.value)
    assert caught.value.lacks_statement is statement_helps
    if not statement_helps:
        assert "to whoever these credentials are" not in str(caught.value)
    assert not {"LTAI5tHidden", "\n"} & set(re.findall(r"LTAI5tHidden|\n", str(caught.value)))


def test_nor_does_one_whose_detail_names_the_caller() -> None:
    """Whatever its message says."""
    detail = {"AuthPrincipalDisplayName": "2000000000", "NoPermissionType": "ImplicitDeny"}
    data = {"Code": "AccessDenied", "Message": "", "AccessDeniedDetail": detail}
    error = ClientException(status_code=403, code="AccessDenied", message="", data=data)
    with pytest.raises(CloudError) as caught, calling("fc:CreateService", "it"):
        raise error
    assert caught.value.final
