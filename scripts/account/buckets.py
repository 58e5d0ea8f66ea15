"""Buckets as an operator's calls of OSS see and change them.

Each call raises CloudError, with the name of the permission that it needs. OSS's own words are not
repeated: they can echo what was signed.
"""

import functools
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any, NamedTuple, TypeVar
from xml.etree import ElementTree

import oss2

from resource_repair import naming, oss_answers
from resource_repair.errors import DeniedError, DisabledError, TheirsError, TransientError
from resource_repair.oss import BucketState, bucket_state
from resource_repair.remediations.frame import Remediation
from scripts.account import clock, no_answer, proxies, refusals
from scripts.account.clients import Clients, actions_in, allow, unanswered
from scripts.account.permission import Permission
from scripts.errors import CloudError
from scripts.patience import patiently

_OF_THE_ACCOUNT = "acs:oss:*:{account}:*"

GET_INFO = Permission("oss:GetBucketInfo", _OF_THE_ACCOUNT)
GET_POLICY = Permission("oss:GetBucketPolicy", _OF_THE_ACCOUNT)
GET_POLICY_STATUS = Permission("oss:GetBucketPolicyStatus", _OF_THE_ACCOUNT)
PUT_ACL = Permission("oss:PutBucketAcl", _OF_THE_ACCOUNT)
GET_BLOCK = Permission("oss:GetBucketPublicAccessBlock", _OF_THE_ACCOUNT)
PUT_BLOCK = Permission("oss:PutBucketPublicAccessBlock", _OF_THE_ACCOUNT)
GET_ACCOUNT_BLOCK = Permission("oss:GetPublicAccessBlock", _OF_THE_ACCOUNT)
GET_WEBSITE = Permission("oss:GetBucketWebsite", _OF_THE_ACCOUNT)
LIST_DOMAINS = Permission("oss:ListCname", _OF_THE_ACCOUNT)
GET_TAGS = Permission("oss:GetBucketTagging", _OF_THE_ACCOUNT)
LIST = Permission("oss:ListBuckets", _OF_THE_ACCOUNT)

NO_SUCH_BUCKET = "NoSuchBucket"
_NO_POLICY = "NoSuchBucketPolicy"
_NO_WEBSITE = "NoSuchWebsiteConfiguration"
_DISABLED = "Disabled"
_MOVED = (301, 307, 403)
_READS = ("oss:Get", "oss:List")

_T = TypeVar("_T")


class Info(NamedTuple):
    """A bucket's ACL, its region, and when it was made, which tells it from others of its name."""

    acl: str
    region: str
    created_at: datetime


class Listed(NamedTuple):
    """A bucket's region, and when it was made."""

    region: str
    created_at: datetime


class Bucket:
    """A bucket of any region: the one where OSS says that it is, is asked in its stead."""

    def __init__(self, clients: Clients, name: str, region: str = "") -> None:
        self.name = name
        self._clients = clients
        self._bucket = clients.bucket(name, region)

    def info(self) -> Info:
        """Its ACL, region and creation date. Operation "GetBucketInfo"."""
        return self.ask(GET_INFO, lambda bucket: _info(bucket.get_bucket_info()))

    def info_if_there(self) -> Info | None:
        """The same; None if there is no such bucket."""
        return _if_there(self.info)

    def state(self) -> BucketState:
        """All that the function sees of it. Operation "GetBucketInfo"."""

        def read(bucket: Any) -> BucketState:
            answer = bucket._do("GET", bucket.bucket_name, "", params={"bucketInfo": ""})
            return bucket_state(answer)

        return self.ask(GET_INFO, read, as_="state")

    def state_if_there(self) -> BucketState | None:
        """The same; None if there is no such bucket."""
        return _if_there(self.state)

    def state_for(self, does: Remediation) -> BucketState | None:
        """All that a remediation sees of it; None if there is no such bucket."""
        return _if_there(lambda: does.look(self, self.state()))

    def policy(self) -> str:
        """Its policy; empty if it has none. Operation "GetBucketPolicy"."""
        try:
            return self.ask(GET_POLICY, lambda bucket: str(bucket.get_bucket_policy().policy))
        except CloudError as error:
            if error.code == _NO_POLICY:
                return ""
            raise

    def public_by_policy(self) -> bool:
        """Whether its policy makes it public. Operation "GetBucketPolicyStatus"."""
        return self.ask(GET_POLICY_STATUS, _policy_is_public)

    def blocks_public_access(self) -> bool:
        """Whether its own Block Public Access is on. Operation "GetBucketPublicAccessBlock"."""
        return self.ask(GET_BLOCK, lambda bucket: _blocks(bucket.get_bucket_public_access_block()))

    def set_block(self, on: bool) -> None:
        """Switch its own Block Public Access, once. Operation "PutBucketPublicAccessBlock"."""
        flag = f"<BlockPublicAccess>{str(on).lower()}</BlockPublicAccess>"  # oss2 writes True
        named = f"<PublicAccessBlockConfiguration>{flag}</PublicAccessBlockConfiguration>"

        def put(bucket: Any) -> int:
            asked = {"data": named, "params": {"publicAccessBlock": ""}}
            return int(bucket._do("PUT", bucket.bucket_name, "", **asked).status)

        self.once(PUT_BLOCK, put)

    def is_website(self) -> bool:
        """Whether it is a static website. Operation "GetBucketWebsite"."""
        try:
            self.ask(GET_WEBSITE, lambda bucket: bool(bucket.get_bucket_website()))
        except CloudError as error:
            if error.code == _NO_WEBSITE:
                return False
            raise
        return True

    def domains(self) -> tuple[str, ...]:
        """The custom domains that are bound to it and enabled. Operation "ListCname"."""
        return self.ask(LIST_DOMAINS, lambda bucket: _domains(bucket.list_bucket_cname()))

    def has_domain(self) -> bool:
        """Whether a domain is bound to it, enabled or not. Operation "ListCname"."""
        return self.ask(LIST_DOMAINS, lambda bucket: bool(bucket.list_bucket_cname().cname), "any")

    def account_blocked(self) -> bool:
        """Whether Block Public Access is on for the account. Operation "GetPublicAccessBlock"."""
        return account_blocks_public_access(self._clients)

    def tags(self) -> Mapping[str, str]:
        """Its tags. Operation "GetBucketTagging"."""
        return self.ask(GET_TAGS, lambda bucket: _tags(bucket.get_bucket_tagging()))

    def ask(self, needed: Permission, call: Callable[[Any], _T], as_: str = "") -> _T:
        """What `call` answers, which gets the `oss2.Bucket`; raises CloudError.

        It is remembered, `as_` apart from what else is made of the same answer, and is to be no
        answer of oss2: such a one keeps its connection open, and each bucket has its own.

        It is tried again, but for the one write that needs a read before it at each try: of a
        bucket that is gone PutBucketAcl makes one.
        """
        memory, (_, _, operation) = self._clients.memory, needed.action.partition(":")
        if not operation.startswith(("Get", "List")):
            memory.act()
        if operation == "PutBucketAcl":
            return self._ask(needed, call)
        ask = functools.partial(patiently, functools.partial(self._ask, needed, call))
        return memory.once((operation, self.name, as_), ask)

    def once(self, needed: Permission, call: Callable[[Any], _T]) -> _T:
        """The same, once: for a write before each try of which its maker looks."""
        self._clients.memory.act()
        return self._ask(needed, call)

    def bring_back(self, operation: str, value: str) -> None:
        """Undo a repair by that operation of OSS, once: its maker looks before each try."""
        needed = Permission(f"oss:{operation}", _OF_THE_ACCOUNT)
        self.once(needed, lambda bucket: int(_BRINGS_BACK[operation](bucket, value).status))

    def answers_elsewhere(self, region: str) -> bool:
        """Whether GetBucketInfo is answered at another region's endpoint; raises CloudError."""
        there = self._clients.bucket(self.name, region)

        def answered() -> bool:
            try:
                there.get_bucket_info()
            except oss2.exceptions.OssError as error:
                if _elsewhere(error) is None:
                    raise _cloud_error(GET_INFO, self.name, error) from None
                return False
            return True

        return patiently(answered)

    def _ask(self, needed: Permission, call: Callable[[Any], _T]) -> _T:
        try:
            return self._heard(call)
        except oss2.exceptions.OssError as error:
            if _has_no_host(error) and needed.action.startswith(_READS):
                return self._ask_home(needed, call, error)
            return self._follow(needed, call, error)

    def _follow(self, needed: Permission, call: Callable[[Any], _T], error: Any) -> _T:
        region = _elsewhere(error)
        if region in (None, self._bucket.region):
            raise _cloud_error(needed, self.name, error) from None
        self._bucket = self._clients.bucket(self.name, str(region))
        return _asking(needed, self.name, lambda: self._heard(call))

    def _ask_home(self, needed: Permission, call: Callable[[Any], _T], unresolved: Any) -> _T:
        """Ask the clients' own region, which tells where the bucket is, as the function does.

        For it no host may have the name of the bucket's region: finance cloud's have others. That
        home knows no such bucket is no proof that there is none.
        """
        there, self._bucket = self._bucket, self._clients.bucket(self.name)
        try:
            return self._heard(call)
        except oss2.exceptions.OssError as error:
            if error.code in ("", NO_SUCH_BUCKET):
                self._bucket = there
                raise _cloud_error(needed, self.name, unresolved) from None
            return self._follow(needed, call, error)

    def _heard(self, call: Callable[[Any], _T]) -> _T:
        return self._clients.memory.heard(self._bucket.endpoint, lambda: call(self._bucket))


_BRINGS_BACK: Mapping[str, Callable[[Any, str], Any]] = {
    "PutBucketAcl": lambda bucket, acl: bucket.put_bucket_acl(acl),
    "DeleteBucketEncryption": lambda bucket, _: bucket.delete_bucket_encryption(),
    "PutBucketPolicy": lambda bucket, text: bucket.put_bucket_policy(text),
    "DeleteBucketPolicy": lambda bucket, _: bucket.delete_bucket_policy(),
}


def _if_there(read: Callable[[], _T]) -> _T | None:
    try:
        return read()
    except CloudError as error:
        if error.code == NO_SUCH_BUCKET:
            return None
        raise


def account_blocks_public_access(clients: Clients) -> bool:
    """Whether Block Public Access is on for the whole account. Operation "GetPublicAccessBlock"."""
    asked = (clients, GET_ACCOUNT_BLOCK, "the account", lambda oss: oss.get_public_access_block())
    found = clients.memory.once(GET_ACCOUNT_BLOCK, lambda: _read(*asked))
    return _blocks(found)


def by_block(error: CloudError) -> bool:
    """Whether Block Public Access refused, and no permission is missing."""
    return error.denied and error.unmendable and not error.final


def listed(clients: Clients, prefix: str) -> Mapping[str, Listed]:
    """What the list tells, by name, of the account's buckets whose names begin with `prefix`."""

    def all_pages(oss: Any) -> list[Any]:
        return list(oss2.BucketIterator(oss, prefix=prefix))

    return {
        each.name: Listed(
            _region(each.location), datetime.fromtimestamp(each.creation_date, timezone.utc)
        )
        for each in _read(clients, LIST, f"the buckets {prefix}*", all_pages)
    }


def _read(clients: Clients, needed: Permission, subject: str, call: Callable[[Any], _T]) -> _T:
    """What `call` reads of an `oss2.Service`, which signs and waits as the clients' buckets do."""
    like = clients.bucket("any-bucket")
    oss = oss2.Service(like.auth, like.endpoint, region=like.region, connect_timeout=like.timeout)
    heard = functools.partial(clients.memory.heard, oss.endpoint, lambda: call(oss))
    return patiently(lambda: _asking(needed, subject, heard))


def _info(found: Any) -> Info:
    made = datetime.fromisoformat(found.creation_date.replace("Z", "+00:00"))
    return Info(found.acl.grant, _region(found.location), made)


def _tags(found: Any) -> dict[str, str]:
    return dict(found.tag_set.tagging_rule)


def _blocks(found: Any) -> bool:
    return bool(found.block_public_access)


def _domains(found: Any) -> tuple[str, ...]:
    return tuple(each.domain for each in found.cname if each.status != _DISABLED)


def _policy_is_public(bucket: Any) -> bool:
    # oss2 has no method of its own for this sub-resource.
    answer = bucket._do("GET", bucket.bucket_name, "", params={"policyStatus": ""})
    return ElementTree.fromstring(answer.read()).findtext("IsPublic") == "true"  # noqa: S314 (OSS's)


def _region(location: str) -> str:
    return location.removeprefix("oss-")


def _asking(needed: Permission, subject: str, call: Callable[[], _T]) -> _T:
    try:
        return call()
    except oss2.exceptions.OssError as error:
        raise _cloud_error(needed, subject, error) from None


def _elsewhere(error: Any) -> str | None:
    """The region that OSS sends us to, which is no matter of permission; or None."""
    endpoint = error.details.get("Endpoint", "") if error.status in _MOVED else ""
    return naming.region_of_endpoint(endpoint)


def _has_no_host(error: Any) -> bool:
    """Whether the name of the host that was asked leads nowhere."""
    return not error.code and no_answer.of(error).reason == no_answer.LEADS_NOWHERE


def _cloud_error(needed: Permission, subject: str, error: Any) -> CloudError:
    failed = functools.partial(CloudError, needed.action, subject)
    if not error.code:
        return unanswered(failed, error)
    named = _named(error)
    refused = named or (needed.action,)
    why = refusals.beyond_statements(_detail(error), refused)
    advice = f"{why}, and run again" if why else _advice(needed, error.code, error, refused)
    told = failed(error.code, error.status, advice, proxies.used(), named=named)
    told.final = told.denied and not _of_block(error)
    told.unmendable = bool(why) or _of_block(error)
    return told


def _detail(error: Any) -> refusals.Detail:
    """What OSS tells beside its code: oss2 reads no element within another."""
    names = ("NoPermissionType", "PolicyType")
    told = {name: _told(error, name) for name in names}
    return refusals.Detail.of(told if any(told.values()) else None, "")


def _of_block(error: Any) -> bool:
    """Whether Block Public Access refuses, which has the code of a missing permission.

    By field reports, and in no page found: its words; its EC is not always the same.
    """
    return bool(re.search(r"\bput public\b", str(error.message), re.IGNORECASE))


def _named(error: Any) -> tuple[str, ...]:
    """The action that OSS names in the detail of a refusal: page of its EC, 0003-00000201."""
    return actions_in(_told(error, "AuthAction"))


def _told(error: Any, name: str) -> str:
    """The text of the first element of that name; empty if there is none."""
    answer = error.body if isinstance(error.body, bytes) else b""  # of no answer oss2 has a text
    told = re.search(rf"<{name}>([\w:-]+)</{name}>".encode(), answer)
    return told[1].decode("ascii", "replace") if told else ""


def _advice(needed: Permission, code: str, error: Any, refused: Sequence[str]) -> str:
    operation = needed.action.partition(":")[2]
    kind, told = oss_answers.meaning(operation, error.status, code)
    if _of_block(error):
        return (
            "Block Public Access is on, for the bucket or the account, and refuses a public ACL: "
            "lift it, if it is to be public, and run again"
        )
    if kind is DeniedError:
        return f"{allow(refused)} and run again"
    if (needed, code) == (PUT_ACL, "BucketAlreadyExists"):
        return (
            f"OSS says so to who may not do it: {allow(refused)} look whether the bucket's policy "
            "denies it, and run again"
        )
    if clock.is_off(code):
        return clock.advice(datetime.now(timezone.utc), str(error.headers.get("Date", "")))
    if re.search("AccessKey|Signature|SecurityToken", code):
        return "the credentials are wrong or have expired: renew them, and run again"
    if kind in (DisabledError, TheirsError):
        return told
    if kind is TransientError:
        return told or "OSS cannot answer just now: wait a minute, and run again"
    return f"OSS's request id is {error.request_id or 'not known'}"


def tag(bucket: Any, key: str, value: str) -> None:
    """Give a bucket (of oss2) one tag, and no other."""
    import oss2  # noqa: PLC0415  (a slow import)

    rule = oss2.models.TaggingRule()
    rule.add(key, value)
    bucket.put_bucket_tagging(oss2.models.Tagging(rule))
