"""What is about an account as a whole."""

from scripts.localcloud.http import Response
from scripts.localcloud.oss import regions, xml
from scripts.localcloud.oss.access import Call
from scripts.localcloud.oss.model import Bucket
from scripts.localcloud.oss.operations import forms


def list_buckets(call: Call) -> Response:
    """All at once, whatever `max-keys` says; `prefix` is heeded."""
    account_id = call.require().account_id
    prefix = call.request.params.get("prefix", "")
    buckets = [
        _listed(bucket)
        for bucket in call.state.all()
        if bucket.owner == account_id and bucket.name.startswith(prefix)
    ]
    return xml.answer(
        "ListAllMyBucketsResult",
        {"Owner": forms.owner(account_id), "Buckets": {"Bucket": buckets}, "IsTruncated": "false"},
    )


def get_public_access_block(call: Call) -> Response:
    """Block Public Access of the whole account."""
    return forms.public_access_block(call.state.blocks_account(call.require().account_id))


def _listed(bucket: Bucket) -> dict[str, xml.Content]:
    return {
        "CreationDate": forms.timestamp(bucket.created_at),
        "ExtranetEndpoint": regions.endpoint(bucket.region),
        "IntranetEndpoint": regions.internal_endpoint(bucket.region),
        "Location": regions.location(bucket.region),
        "Name": bucket.name,
        "Region": bucket.region,
        "StorageClass": bucket.storage_class,
    }
