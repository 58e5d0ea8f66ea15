"""Whose credentials, which endpoints, and the SDK clients made of both; and what refusals mean.

Credentials are those of Alibaba Cloud's default chain (environment, profile, role) and never an
argument. Importing an SDK takes a third of a second: each is imported when its client is asked for.
"""

import contextlib
import copy
import functools
import logging
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any, TypeVar
from urllib.parse import urlsplit

from alibabacloud_credentials.client import Client as Credentials
from alibabacloud_credentials.exceptions import CredentialException
from alibabacloud_credentials.models import Config as CredentialsConfig
from alibabacloud_tea_openapi.models import Config
from mns.mns_exception import MNSClientNetworkException, MNSExceptionBase
from Tea.exceptions import TeaException

from scripts.account import clock, no_answer, proxies, refusals, sites
from scripts.account.endpoints import REGION, Endpoints, is_named, oss_name
from scripts.account.memory import Memory, given_up
from scripts.account.unlogged import silence
from scripts.errors import BUSY, DENIED, NO_ANSWER, CloudError
from scripts.patience import patiently
from scripts.terminal import redacted

__all__ = [
    "Clients",
    "Credentials",
    "Endpoints",
    "actions_in",
    "allow",
    "asked",
    "calling",
    "fixed_credentials",
    "unanswered",
    "uploading",
]

# The chain logs each place where it finds nothing, tracebacks and all: `calling` says it in a line.
logging.getLogger("credentials").disabled = True

# An action (`ram:PassRole`) in a service's words; what an equals sign follows is a condition's key.
_ACTION = re.compile(r"\b[a-z][a-z0-9-]*:[A-Z][A-Za-z]+\b(?!=)")
# In words, that it is the caller who may not, and no role that is named: no waiting helps.
_CALLER = re.compile(
    r"\bcaller\b|you are not authorized|denied by sts or ram|current user|belong to you|"
    r"access key|explicit ?deny",
    re.IGNORECASE,
)
# Seconds; what takes longer counts as not answered.
_CONNECT_TIMEOUT, _READ_TIMEOUT = 10.0, 12.0
_OSS = f"https://oss-{REGION}.aliyuncs.com"
UPLOAD_TIMEOUT = 60.0  # an upload is answered when all of it has come

_T = TypeVar("_T")


def fixed_credentials(access_key_id: str, access_key_secret: str, token: str = "") -> Credentials:
    """Credentials given by a program, such as a local cloud's; a person uses the default chain."""
    return Credentials(
        CredentialsConfig(
            type="sts" if token else "access_key",
            access_key_id=access_key_id,
            access_key_secret=access_key_secret,
            security_token=token,
        )
    )


def uploading() -> Any:
    """The SDKs' options of a call that carries code, and may take longer than others."""
    from alibabacloud_tea_util.models import RuntimeOptions  # noqa: PLC0415  (a slow import)

    return RuntimeOptions(read_timeout=round(1000 * UPLOAD_TIMEOUT))


class Clients:
    """The SDK clients of one account in one region.

    Without `credentials`, those of the default chain; without `endpoints`, Alibaba Cloud's own. A
    service that says nothing for `read_timeout` seconds has given no answer. Between
    `memory.look()` and `memory.act()` each thing is read once. Whose `config_region` is not given
    has it looked for (`sites`), by the rule in `ours`, its name and ids.
    """

    def __init__(
        self,
        region: str,
        *,
        credentials: Credentials | None = None,
        endpoints: Endpoints | None = None,
        read_timeout: float = _READ_TIMEOUT,
        config_region: str = "",
        alert_region: str = "",
    ) -> None:
        self.region = region
        self.ours: frozenset[str] = frozenset()
        self._config_region = config_region
        self._alert_region = alert_region
        self._read_timeout = read_timeout
        self._credentials = credentials or Credentials()
        self._endpoints = (endpoints or Endpoints()).checked()
        self.memory = Memory()
        self.made: dict[tuple[str, str], float] = {}  # by this run, and when: see `just_made`

    @functools.cached_property
    def account_id(self) -> str:
        """The account that the credentials belong to; raises CloudError."""
        return str(self._identity.account_id)

    @property
    def caller(self) -> str:
        """The ARN of who the credentials belong to: a user, or a role's session."""
        return str(self._identity.arn)

    @functools.cached_property
    def _identity(self) -> Any:
        ask = self.sts.get_caller_identity
        return asked("sts:GetCallerIdentity", "the credentials", ask).body

    @functools.cached_property
    def sts(self) -> Any:
        """`alibabacloud_sts20150401`."""
        from alibabacloud_sts20150401.client import Client  # noqa: PLC0415  (a slow import)

        return self.memory.watched(
            Client(self._config(self._endpoints.sts, f"sts.{self.region}.aliyuncs.com"))
        )

    @functools.cached_property
    def ram(self) -> Any:
        """`alibabacloud_ram20150501`."""
        from alibabacloud_ram20150501.client import Client  # noqa: PLC0415  (a slow import)

        return self.memory.watched(Client(self._config(self._endpoints.ram, "ram.aliyuncs.com")))

    @functools.cached_property
    def fc(self) -> Any:
        """`alibabacloud_fc_open20210406`; its host names the account, so this asks STS first."""
        from alibabacloud_fc_open20210406.client import Client  # noqa: PLC0415  (a slow import)

        return self.memory.watched(Client(self._fc_config()))

    @functools.cached_property
    def fc3(self) -> Any:
        """`alibabacloud_fc20230330`, at the same host."""
        from alibabacloud_fc20230330.client import Client  # noqa: PLC0415  (a slow import)

        return self.memory.watched(Client(self._fc_config()))

    def _fc_config(self) -> Config:
        host = f"{self.account_id}.{self.region}.fc.aliyuncs.com" if not self._endpoints.fc else ""
        return self._config(self._endpoints.fc, host)

    @functools.cached_property
    def config_region(self) -> str:
        """Which Cloud Config is the account's; empty where its endpoint is set.

        Raises CloudError, and Problem where it cannot be told.
        """
        one_is_set = self._endpoints.config and REGION not in self._endpoints.config
        if self._config_region or one_is_set:
            return self._config_region
        both = sites.both(self)
        found = sites.choose(both, self.ours)
        self.__dict__["config"] = both[found].config  # which remembers what was read
        return found

    def with_config(self, region: str) -> "Clients":
        """The same, asking that Cloud Config."""
        other = copy.copy(self)
        vars(other).pop("config", None)
        other.config_region = region
        return other

    @functools.cached_property
    def config(self) -> Any:
        """`alibabacloud_config20200907`, at the endpoint that is the account's."""
        from alibabacloud_config20200907.client import Client  # noqa: PLC0415  (a slow import)

        region = self.config_region
        if "config" in vars(self):  # as the one that was found has been asked
            return vars(self)["config"]
        url = self._endpoints.config.replace(REGION, region)
        return self.memory.watched(Client(self._config(url, f"config.{region}.aliyuncs.com")))

    @functools.cached_property
    def mns(self) -> Any:
        """`alibabacloud_mns_open20220119`: topics and queues, but not their messages."""
        from alibabacloud_mns_open20220119.client import Client  # noqa: PLC0415  (a slow import)

        return self.memory.watched(
            Client(self._config(self._endpoints.mns, f"mns-open.{self.region}.aliyuncs.com"))
        )

    @functools.cached_property
    def log(self) -> Any:
        """`alibabacloud_sls20201230`: log projects, log stores, and searches in them."""
        return self.log_at(self.region)

    def log_at(self, region: str) -> Any:
        """The same in that region."""
        from alibabacloud_sls20201230.client import Client  # noqa: PLC0415  (a slow import)

        return self.memory.watched(Client(self._log_config(region)))

    @functools.cached_property
    def alert_records(self) -> Any:
        """`alibabacloud_sls20201230` where the account's own records are, whatever the region."""
        home = self._alert_region or (self._endpoints.log and self.region)
        return self.log_at(home or sites.records_region(self.config_region))

    def _log_config(self, region: str) -> Config:
        config = self._config(self._endpoints.log, f"{region}.log.aliyuncs.com")
        if config.protocol == "http":
            # It asks <project>.<endpoint>, and before 127.0.0.1 that is no name. As its proxy, an
            # endpoint on this machine is asked for every name, and none is looked up.
            config.http_proxy = self._endpoints.log
        return config

    @property
    def messages_host(self) -> str:
        """Where messages are published and received."""
        own = f"https://{self.account_id}.mns.{self.region}.aliyuncs.com"
        return urlsplit(self._endpoints.mns or own).netloc

    def topic(self, name: str) -> Any:
        """`mns.topic.Topic`, to publish to; close its connection when done."""
        return self._messages().get_topic(name)

    def queue(self, name: str) -> Any:
        """`mns.queue.Queue`, for its messages as they are; close its connection when done.

        It has one connection, and is for one thread.
        """
        found = self._messages().get_queue(name)
        found.set_encoding(False)  # the SDK would take each body for base64
        return found

    def bucket(self, name: str, region: str = "") -> Any:
        """`oss2.Bucket`, signing V4, in `region` or the clients' own."""
        import oss2  # noqa: PLC0415  (a slow import)

        silence()
        with calling("the search for credentials", "this machine"):
            held = self._credentials.get_credential()
        pair = (held.access_key_id, held.access_key_secret)
        token = held.security_token
        auth = oss2.StsAuth(*pair, token, auth_version="v4") if token else oss2.AuthV4(*pair)
        where = oss_name(region or self.region)
        endpoint = (self._endpoints.oss or _OSS).replace(REGION, where)
        # Also for reading, whatever it is called.
        return oss2.Bucket(auth, endpoint, name, region=where, connect_timeout=self._read_timeout)

    def _messages(self) -> Any:
        """`mns.account.Account`."""
        from mns.account import Account  # noqa: PLC0415  (a slow import)

        with calling("the search for credentials", "this machine"):
            held = self._credentials.get_credential()
        key = (held.access_key_id, held.access_key_secret, held.security_token or "")
        silence()
        account = Account(self._endpoints.mns or f"https://{self.messages_host}", *key)
        http = account.mns_client.http
        http.set_connection_timeout(self._read_timeout)
        http.conn.timeout = self._read_timeout  # over https the line above sets none
        return account

    def _config(self, override: str, host: str) -> Config:
        silence()
        parts = urlsplit(override or f"https://{host}")
        at_hand = parts.netloc.partition(".")[2] if is_named(override) else ""
        return Config(
            http_proxy=f"http://{at_hand}" if at_hand else None,
            credential=self._credentials,
            endpoint=parts.netloc,
            protocol=parts.scheme,  # always said: some SDKs would go by plain http
            region_id=self.region,
            connect_timeout=round(1000 * _CONNECT_TIMEOUT),
            read_timeout=round(1000 * self._read_timeout),
        )


def asked(operation: str, subject: str, call: Callable[[], _T], host: str = "") -> _T:
    """What `call` gives, which reads or may else be repeated: as `calling`, and tried again.

    This is the one place where that is done for reads: whoever calls need say nothing of it.
    """

    def once() -> _T:
        with calling(operation, subject, host):
            return call()

    return patiently(once)


@contextlib.contextmanager
def calling(operation: str, subject: str, host: str = "") -> Iterator[None]:
    """Turn what an SDK raises into CloudError; `operation` is RAM's name for it (`ram:GetRole`).

    `host` is who is asked, for an SDK whose errors do not tell.
    """
    proxies.begin()
    failed = functools.partial(CloudError, operation, subject)
    try:
        yield
    except (TeaException, CredentialException) as error:
        cause = getattr(error, "inner_exception", error)
        if isinstance(cause, CredentialException):
            advice = "set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET"
            raise failed("NoCredentials", 0, advice, proxies.used()) from error
        data = getattr(error, "data", None) or {}
        code, said = _said(error, data)
        status = int(data.get("statusCode") or 0)
        if code == NO_ANSWER:
            raise unanswered(failed, error, host) from error
        detail = data.get("AccessDeniedDetail") or getattr(error, "accessDeniedDetail", None)
        named = actions_in(f"{said} {detail.get('AuthAction') if isinstance(detail, dict) else ''}")
        unmendable = _unmendable(operation, named, code, said, detail)
        advice = _advice(named or (operation,), code, said, unmendable)
        whose = code in DENIED and bool(detail or _CALLER.search(said))
        told = functools.partial(failed, unmendable=bool(unmendable))
        raise told(code, status, advice, proxies.used(), named=named, final=whose) from error
    except MNSExceptionBase as error:
        if isinstance(error, MNSClientNetworkException):
            raise unanswered(failed, error, host) from error
        code, said = str(error.type), str(error.message)
        named = actions_in(said)
        unmendable = _unmendable(operation, named, code, said)
        advice = _advice(named or (operation,), code, said, unmendable)
        told = functools.partial(failed, unmendable=bool(unmendable))
        raise told(code, 0, advice, proxies.used(), named=named) from error


def actions_in(said: str) -> tuple[str, ...]:
    """The actions that a service names in its words.

    It may be others than the one for the operation, and any: Function Compute refuses to create a
    service for want of `ram:PassRole`, and a trigger for want of `mns:Subscribe`.
    """
    return tuple(dict.fromkeys(_ACTION.findall(said)))


def unanswered(failed: Callable[..., CloudError], error: Exception, host: str = "") -> CloudError:
    """What `failed` makes of an SDK's error that tells that nothing came back."""
    found, way = no_answer.of(error), proxies.used()
    by_proxy = way and found.reason == no_answer.REFUSES  # the host itself is asked nothing then
    advice = found._replace(host="the proxy" if by_proxy else found.host or host).advice()
    often_enough = given_up(error)
    return failed(NO_ANSWER, 0, advice, way, final=often_enough, reached=found.reached)


def _said(error: TeaException, data: Mapping[str, Any]) -> tuple[str, str]:
    """The service's code and message; Log Service's are the error's own, and not in its data."""
    code = str(data.get("Code") or data.get("ErrorCode") or error.code or NO_ANSWER)
    own = error.message if error.code else ""
    said = str(data.get("Message") or data.get("ErrorMessage") or own or "")
    if code == "Unauthorized" and not said.startswith("denied by"):
        code = "UnauthorizedAccessKey"  # Log Service has one code for this and for no permission
    return code, said


def allow(actions: Iterable[str]) -> str:
    """What is to be done about actions that are not allowed, up to a comma."""
    return f"allow {' and '.join(actions)} to whoever these credentials are,"


def _unmendable(
    operation: str, named: Sequence[str], code: str, said: str, detail: Any = None
) -> str:
    """Why no statement mends it, and what does; empty where one may, or it is no refusal."""
    if why := refusals.not_switched_on(operation, said):
        return why
    if code not in DENIED:
        return ""
    return refusals.beyond_statements(refusals.Detail.of(detail, said), named or (operation,))


def _advice(needed: Sequence[str], code: str, said: str, unmendable: str) -> str:
    quoted = f"the service says: {redacted(said)}" if said else "it says no more than that"
    if unmendable:
        return f"{unmendable} ({quoted})" if code in DENIED else unmendable
    if code in DENIED:
        return f"{allow(needed)} and run again ({quoted})"
    if code == "AccountNotExisted":
        return f"this Cloud Config does not serve the account: look at {sites.CONFIG_REGION}"
    if clock.is_off(code):
        return f"{clock.advice(datetime.now(timezone.utc))} ({quoted})"
    if re.search("AccessKey|AccessID|Signature|SecurityToken", code):
        # What a service says to these quotes parts of what was signed: it is not repeated.
        return "the credentials are wrong or have expired: renew them, and run again"
    if BUSY.search(code):
        return "too many requests: wait a minute, and run again"
    return quoted
