"""The operations on buckets: what each asks of its caller, does and answers."""

import datetime
from collections.abc import Callable, Mapping

from scripts.localcloud.http import Response
from scripts.localcloud.oss import errors, regions, xml
from scripts.localcloud.oss.access import Call, Gate
from scripts.localcloud.oss.model import Bucket, BucketExistsError, BucketNotFoundError
from scripts.localcloud.oss.state import OssState

Handler = Callable[[Call], Response]


class BucketOperations:
    """The operations by name; each raises ApiError or RefusedError to refuse."""

    def __init__(self, state: OssState, gate: Gate) -> None:
        self._state = state
        self._gate = gate
        self.handlers: Mapping[str, Handler] = {
            "ListBuckets": self._list,
            "GetPublicAccessBlock": self._get_account_block,
            "PutBucket": self._put,
            "DeleteBucket": self._delete,
            "GetBucketInfo": self._get_info,
            "GetBucketLocation": self._get_location,
            "GetBucketAcl": self._get_acl,
            "PutBucketAcl": self._put_acl,
            "GetBucketTagging": self._get_tags,
            "PutBucketTagging": self._put_tags,
            "DeleteBucketTagging": self._delete_tags,
            "GetBucketPolicy": self._get_policy,
            "PutBucketPolicy": self._put_policy,
            "DeleteBucketPolicy": self._delete_policy,
            "GetBucketPolicyStatus": self._get_policy_status,
            "GetBucketPublicAccessBlock": self._get_public_access_block,
            "PutBucketPublicAccessBlock": self._put_public_access_block,
            "DeleteBucketPublicAccessBlock": self._delete_public_access_block,
            "GetBucketWebsite": self._get_website,
            "PutBucketWebsite": self._put_website,
            "DeleteBucketWebsite": self._delete_website,
            "ListCname": self._list_domains,
        }

    def _list(self, call: Call) -> Response:
        """All at once, whatever `max-keys` says; `prefix` is heeded."""
        account_id = self._gate.require(call, "ListBuckets", "*").account_id
        prefix = call.request.params.get("prefix", "")
        buckets = [
            _listed(bucket)
            for bucket in self._state.all()
            if bucket.owner == account_id and bucket.name.startswith(prefix)
        ]
        return _answer(
            "ListAllMyBucketsResult",
            {"Owner": _owner(account_id), "Buckets": {"Bucket": buckets}, "IsTruncated": "false"},
        )

    def _put(self, call: Call) -> Response:
        """The first PutBucket makes the bucket; its owner's later ones change its metadata."""
        owner = self._gate.require(call, "PutBucket", call.target.bucket).account_id
        acl = call.request.headers.get("x-oss-acl")
        try:
            self._state.create(
                call.target.bucket,
                region=call.caller.region,
                acl=acl or "private",
                owner=owner,
                age=0.0,
                **_configuration(call.request.body),
            )
        except BucketExistsError:
            bucket = self._state.bucket(call.target.bucket)
            if (bucket.owner, bucket.region) != (owner, call.caller.region):
                raise
            if acl:
                self._state.set_acl(bucket.name, acl)
        return Response(headers={"Location": f"/{call.target.bucket}"})

    def _delete(self, call: Call) -> Response:
        self._state.delete(self._gate.own_bucket(call).name)
        return Response(204)

    def _get_info(self, call: Call) -> Response:
        bucket = self._gate.own_bucket(call)
        return _answer("BucketInfo", {"Bucket": _info(bucket, self._state.read_acl(bucket.name))})

    def _get_location(self, call: Call) -> Response:
        return _answer("LocationConstraint", regions.location(self._gate.own_bucket(call).region))

    def _get_acl(self, call: Call) -> Response:
        bucket = self._gate.own_bucket(call)
        grant = self._state.read_acl(bucket.name)
        return _answer("AccessControlPolicy", access_control(bucket.owner, grant))

    def _put_acl(self, call: Call) -> Response:
        """Sets the ACL; makes the bucket if there is none. Page "PutBucketAcl".

        Without the header, an ACL stays as it is.
        """
        acl = call.request.headers.get("x-oss-acl")
        try:
            bucket = self._gate.own_bucket(call)
            if acl:
                self._state.set_acl(bucket.name, acl)
        except BucketNotFoundError:
            self._create_with_acl(call, acl or "private")
        return Response()

    def _create_with_acl(self, call: Call, acl: str) -> None:
        principal = self._gate.require(call, "PutBucketAcl", call.target.bucket)
        if self._state.put_acl_needs_put_bucket:
            self._gate.require(call, "PutBucket", call.target.bucket)
        self._state.create(
            call.target.bucket,
            region=call.caller.region,
            acl=acl,
            owner=principal.account_id,
            age=0.0,
        )

    def _get_tags(self, call: Call) -> Response:
        """Without tags, an empty Tagging. Page "GetBucketTags"."""
        tags = self._gate.own_bucket(call).tags
        rows = [{"Key": key, "Value": value} for key, value in tags.items()]
        return _answer("Tagging", {"TagSet": {"Tag": rows}} if rows else {})

    def _put_tags(self, call: Call) -> Response:
        bucket = self._gate.own_bucket(call)
        root = xml.read(call.request.body, "Tagging")
        tags = {
            tag.findtext("Key", ""): tag.findtext("Value", "")
            for tag in root.iterfind("TagSet/Tag")
        }
        if root.find("TagSet") is None or "" in tags:
            raise errors.malformed_xml()
        self._state.set_tags(bucket.name, tags)
        return Response()

    def _delete_tags(self, call: Call) -> Response:
        self._state.set_tags(self._gate.own_bucket(call).name, {})
        return Response(204)

    def _get_policy(self, call: Call) -> Response:
        policy = self._gate.own_bucket(call).policy
        if policy is None:
            raise errors.no_policy()
        return Response(200, policy.encode(), {"Content-Type": "application/json"})

    def _put_policy(self, call: Call) -> Response:
        bucket = self._gate.own_bucket(call)
        self._state.set_policy(bucket.name, call.request.body.decode("utf-8", "replace"))
        return Response()

    def _delete_policy(self, call: Call) -> Response:
        self._state.set_policy(self._gate.own_bucket(call).name, None)
        return Response(204)

    def _get_policy_status(self, call: Call) -> Response:
        """Tells what the policy says, also while Block Public Access overrides it."""
        bucket = self._gate.own_bucket(call)
        is_public = self._state.policy_is_public(bucket.name)
        return _answer("PolicyStatus", {"IsPublic": _boolean(is_public)})

    def _get_account_block(self, call: Call) -> Response:
        account_id = self._gate.require(call, "GetPublicAccessBlock", "*").account_id
        blocked = self._state.blocks_account(account_id)
        return _answer("PublicAccessBlockConfiguration", {"BlockPublicAccess": _boolean(blocked)})

    def _get_public_access_block(self, call: Call) -> Response:
        blocked = self._gate.own_bucket(call).block_public_access
        return _answer("PublicAccessBlockConfiguration", {"BlockPublicAccess": _boolean(blocked)})

    def _put_public_access_block(self, call: Call) -> Response:
        bucket = self._gate.own_bucket(call)
        root = xml.read(call.request.body, "PublicAccessBlockConfiguration")
        # oss2 writes True, the documentation true; without the element it is off.
        blocked = root.findtext("BlockPublicAccess", "false").strip().lower()
        if blocked not in ("true", "false"):
            raise errors.malformed_xml()
        self._state.set_block_public_access(bucket.name, blocked == "true")
        return Response()

    def _delete_public_access_block(self, call: Call) -> Response:
        self._state.set_block_public_access(self._gate.own_bucket(call).name, blocked=False)
        return Response(204)

    def _get_website(self, call: Call) -> Response:
        """Its index page; error pages and routing rules are not kept."""
        index = self._gate.own_bucket(call).website
        if index is None:
            raise errors.no_website()
        return _answer("WebsiteConfiguration", {"IndexDocument": {"Suffix": index}})

    def _put_website(self, call: Call) -> Response:
        bucket = self._gate.own_bucket(call)
        root = xml.read(call.request.body, "WebsiteConfiguration")
        index = root.findtext("IndexDocument/Suffix", "")
        if not index:  # a website of routing rules alone is not known here
            raise errors.malformed_xml()
        self._state.set_website(bucket.name, index)
        return Response()

    def _delete_website(self, call: Call) -> Response:
        self._state.set_website(self._gate.own_bucket(call).name, None)
        return Response(204)

    def _list_domains(self, call: Call) -> Response:
        """Page "ListCname"; none has a certificate."""
        bucket = self._gate.own_bucket(call)
        bound: list[xml.Content] = [
            {"Domain": domain, "LastModified": _timestamp(at), "Status": "Enabled"}
            for domain, at in bucket.domains.items()
        ]
        return _answer(
            "ListCnameResult", {"Bucket": bucket.name, "Owner": bucket.owner, "Cname": bound}
        )


def access_control(owner: str, grant: str) -> dict[str, xml.Content]:
    """An ACL as GetBucketAcl and GetObjectAcl answer it."""
    return {"Owner": _owner(owner), "AccessControlList": {"Grant": grant}}


def _answer(root: str, content: xml.Content) -> Response:
    return Response(200, xml.write(root, content), {"Content-Type": "application/xml"})


def _configuration(body: bytes) -> dict[str, str]:
    root = xml.read(body or b"<CreateBucketConfiguration/>", "CreateBucketConfiguration")
    return {
        "storage_class": root.findtext("StorageClass", "Standard"),
        "redundancy": root.findtext("DataRedundancyType", "LRS"),
    }


def _info(bucket: Bucket, grant: str) -> dict[str, xml.Content]:
    """All that the page "GetBucketInfo" shows for a bucket without versioning."""
    return {
        "AccessMonitor": "Disabled",
        "BlockPublicAccess": _boolean(bucket.block_public_access),
        "Comment": "",
        "CreationDate": _timestamp(bucket.created_at),
        "CrossRegionReplication": "Disabled",
        "DataRedundancyType": bucket.redundancy,
        "ExtranetEndpoint": regions.endpoint(bucket.region),
        "IntranetEndpoint": regions.internal_endpoint(bucket.region),
        "Location": regions.location(bucket.region),
        "Name": bucket.name,
        "ResourceGroupId": "rg-default-id",
        "StorageClass": bucket.storage_class,
        "TransferAcceleration": "Disabled",
        "Owner": _owner(bucket.owner),
        "AccessControlList": {"Grant": grant},
        "ServerSideEncryptionRule": {"SSEAlgorithm": "None"},
        "BucketPolicy": {"LogBucket": "", "LogPrefix": ""},
    }


def _listed(bucket: Bucket) -> dict[str, xml.Content]:
    return {
        "CreationDate": _timestamp(bucket.created_at),
        "ExtranetEndpoint": regions.endpoint(bucket.region),
        "IntranetEndpoint": regions.internal_endpoint(bucket.region),
        "Location": regions.location(bucket.region),
        "Name": bucket.name,
        "Region": bucket.region,
        "StorageClass": bucket.storage_class,
    }


def _owner(account_id: str) -> dict[str, xml.Content]:
    return {"DisplayName": account_id, "ID": account_id}


def _timestamp(seconds: float) -> str:
    """In whole seconds, though with milliseconds: oss2 takes nothing but `.000`."""
    moment = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _boolean(value: bool) -> str:
    return str(value).lower()
