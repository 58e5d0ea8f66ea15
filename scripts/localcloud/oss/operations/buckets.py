"""Buckets: made, told of, opened, closed and deleted."""

from scripts.localcloud.http import Response
from scripts.localcloud.oss import regions, xml
from scripts.localcloud.oss.access import Call
from scripts.localcloud.oss.model import Bucket, BucketExistsError, BucketNotFoundError
from scripts.localcloud.oss.operations import forms


def put_bucket(call: Call) -> Response:
    """The first PutBucket makes the bucket; its owner's later ones change its metadata."""
    owner = call.require().account_id
    acl = call.header("x-oss-acl")
    try:
        call.state.create(
            call.target.bucket,
            region=call.caller.region,
            acl=acl or "private",
            owner=owner,
            age=0.0,
            **_configuration(call),
        )
    except BucketExistsError:
        bucket = call.state.bucket(call.target.bucket)
        if (bucket.owner, bucket.region) != (owner, call.caller.region):
            raise
        if acl:
            call.state.set_acl(bucket.name, acl)
    return Response(headers={"Location": f"/{call.target.bucket}"})


def delete_bucket(call: Call) -> Response:
    """Deletes a bucket that holds nothing."""
    call.state.delete(call.own_bucket().name)
    return Response(204)


def get_bucket_info(call: Call) -> Response:
    """All that there is to know about a bucket."""
    bucket = call.own_bucket()
    return xml.answer("BucketInfo", {"Bucket": _info(bucket, call.state.read_acl(bucket.name))})


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
        bucket = call.own_bucket()
        if acl:
            call.state.set_acl(bucket.name, acl)
    except BucketNotFoundError:
        _create_with_acl(call, acl or "private")
    return Response()


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
    return {
        "storage_class": root.findtext("StorageClass", "Standard"),
        "redundancy": root.findtext("DataRedundancyType", "LRS"),
    }


def _info(bucket: Bucket, grant: str) -> dict[str, xml.Content]:
    """All that the page shows for a bucket without versioning."""
    return {
        "AccessMonitor": "Disabled",
        "BlockPublicAccess": xml.boolean(bucket.block_public_access),
        "Comment": "",
        "CreationDate": forms.timestamp(bucket.created_at),
        "CrossRegionReplication": "Disabled",
        "DataRedundancyType": bucket.redundancy,
        "ExtranetEndpoint": regions.endpoint(bucket.region),
        "IntranetEndpoint": regions.internal_endpoint(bucket.region),
        "Location": regions.location(bucket.region),
        "Name": bucket.name,
        "ResourceGroupId": "rg-default-id",
        "StorageClass": bucket.storage_class,
        "TransferAcceleration": "Disabled",
        "Owner": forms.owner(bucket.owner),
        "AccessControlList": {"Grant": grant},
        "ServerSideEncryptionRule": {"SSEAlgorithm": "None"},
        "BucketPolicy": {"LogBucket": "", "LogPrefix": ""},
    }
