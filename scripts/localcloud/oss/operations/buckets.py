"""Buckets: made, told of, opened, closed and deleted."""

from collections.abc import Mapping

from ...http import Response
from ...ram.state import Principal
from ...service import ApiError
from .. import errors, regions, xml
from ..access import Call
from ..model import (
    DEFAULT_RESOURCE_GROUP,
    Bucket,
    BucketExistsError,
    BucketNotFoundError,
)
from . import forms
from .settings import check_encryption

_ENCRYPTION = {
    "x-oss-server-side-encryption": "SSEAlgorithm",
    "x-oss-server-side-encryption-key-id": "KMSMasterKeyID",
    "x-oss-server-side-data-encryption": "KMSDataEncryption",
}


def put_bucket(call: Call) -> Response:
    """The first PutBucket makes the bucket; the account's own later ones set its ACL."""
    owner = call.require()
    acl = call.header("x-oss-acl")
    configuration = _configuration(call)
    encryption = {name: call.header(header) for header, name in _ENCRYPTION.items()}
    rule = {name: value for name, value in encryption.items() if value}
    check_encryption(rule)
    try:
        call.state.create(
            call.target.bucket,
            region=call.caller.region,
            acl=acl or "private",
            owner=owner.account_id,
            resource_group=call.header("x-oss-resource-group-id") or DEFAULT_RESOURCE_GROUP,
            encryption=rule,
            age=0.0,
            **configuration,
        )
    except BucketExistsError:
        group = call.header("x-oss-resource-group-id")
        asked = {"encryption": rule, "resource_group": group}
        more = {name: value for name, value in asked.items() if value}
        _put_again(call, owner, acl, configuration, more)
    return Response(headers={"Location": f"/{call.target.bucket}"})


def _put_again(
    call: Call,
    owner: Principal,
    acl: str,
    configuration: dict[str, str],
    more: Mapping[str, object],
) -> None:
    """Page "0015-00000104": who is not the account itself makes no bucket for a second time."""
    bucket = call.state.bucket(call.target.bucket)
    if bucket.owner != owner.account_id:
        raise BucketExistsError(bucket.name)
    same = {"storage_class": bucket.storage_class, "redundancy": bucket.redundancy}
    elsewhere = call.caller.region not in ("", bucket.region)
    if owner.role or elsewhere or {**same, **configuration} != same:
        raise BucketExistsError(bucket.name, BucketExistsError.NOT_AGAIN)
    kept = {"encryption": bucket.encryption, "resource_group": bucket.resource_group}
    if {**kept, **more} != kept:
        what = f"{' and '.join(more)} of PutBucket for a bucket that is there"
        raise ApiError(501, "NotImplemented", f"The local cloud does not know this: {what}")
    if acl:
        call.state.set_acl(bucket.name, acl)


def delete_bucket(call: Call) -> Response:
    """Deletes a bucket that holds nothing."""
    call.state.delete(call.own_bucket().name)
    return Response(204)


def get_bucket_info(call: Call) -> Response:
    """All that there is to know about a bucket."""
    bucket = call.own_bucket()
    return xml.answer("BucketInfo", {"Bucket": _info(bucket, call)})


def get_bucket_location(call: Call) -> Response:
    """Where a bucket is."""
    return xml.answer("LocationConstraint", regions.location(call.own_bucket().region))


def get_bucket_acl(call: Call) -> Response:
    """A bucket's ACL."""
    bucket = call.own_bucket()
    return forms.access_control(bucket.owner, call.state.read_acl(bucket.name))


def put_bucket_acl(call: Call) -> Response:
    """Sets the ACL; makes the bucket if there is none. Without the header, it stays as it is."""
    acl = call.header("x-oss-acl")
    try:
        bucket = _bucket_to_open(call)
        if acl:
            call.state.set_acl(bucket.name, acl)
    except BucketNotFoundError:
        _create_with_acl(call, acl or "private")
    return Response()


def _bucket_to_open(call: Call) -> Bucket:
    try:
        return call.own_bucket()
    except ApiError as error:
        if call.state.put_acl_conflicts and "Endpoint" not in error.fields:
            raise errors.may_not_put_acl() from error
        raise


def _create_with_acl(call: Call, acl: str) -> None:
    principal = call.require()
    if call.state.put_acl_needs_put_bucket:
        call.require("oss:PutBucket")
    call.state.create(
        call.target.bucket,
        region=call.caller.region,
        acl=acl,
        owner=principal.account_id,
        age=0.0,
    )


def _configuration(call: Call) -> dict[str, str]:
    if not call.request.body:
        return {}
    root = call.document("CreateBucketConfiguration")
    named = {"storage_class": "StorageClass", "redundancy": "DataRedundancyType"}
    found = {name: root.findtext(element) for name, element in named.items()}
    return {name: value for name, value in found.items() if value}


def _info(bucket: Bucket, call: Call) -> dict[str, xml.Content]:
    """All that the page shows for a bucket without versioning."""
    grant, blocked = call.state.read_acl(bucket.name), call.state.read_block(bucket.name)
    rule = call.state.read_encryption(bucket.name)
    return {
        "AccessMonitor": "Disabled",
        "BlockPublicAccess": xml.boolean(blocked),
        "Comment": "",
        "CreationDate": forms.timestamp(bucket.created_at),
        "CrossRegionReplication": "Disabled",
        "DataRedundancyType": bucket.redundancy,
        "ExtranetEndpoint": regions.endpoint(bucket.region),
        "IntranetEndpoint": regions.internal_endpoint(bucket.region),
        "Location": regions.location(bucket.region),
        "Name": bucket.name,
        "ResourceGroupId": bucket.resource_group,
        "StorageClass": bucket.storage_class,
        "TransferAcceleration": "Disabled",
        "Owner": forms.owner(bucket.owner),
        "AccessControlList": {"Grant": grant},
        "ServerSideEncryptionRule": {**rule} or {"SSEAlgorithm": "None"},
        "BucketPolicy": {"LogBucket": "", "LogPrefix": ""},
    }
