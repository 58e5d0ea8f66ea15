"""What is about an account as a whole."""

from collections.abc import Mapping, Sequence

from scripts.localcloud.http import Response
from scripts.localcloud.oss import errors, regions, xml
from scripts.localcloud.oss.access import Call
from scripts.localcloud.oss.model import DEFAULT_RESOURCE_GROUP, Bucket
from scripts.localcloud.oss.operations import forms

_MOST_KEYS = 1000
_USUAL_KEYS = 100


def list_buckets(call: Call) -> Response:
    """A page of the account's buckets, in alphabetical order; all that are asked for fit or not."""
    account_id = call.require().account_id
    asked = call.request.params
    most = _most_keys(asked)
    found = [bucket for bucket in call.state.all() if _is_asked_for(bucket, account_id, call)]
    page = found[:most]
    content: dict[str, xml.Content | Sequence[xml.Content]] = {}
    if len(found) > most:
        content = {
            "Prefix": asked.get("prefix", ""),
            "Marker": asked.get("marker", ""),
            "MaxKeys": str(most),
            "IsTruncated": "true",
            "NextMarker": page[-1].name,
        }
    content["Owner"] = forms.owner(account_id)
    content["Buckets"] = {"Bucket": [_listed(bucket) for bucket in page]}
    return xml.answer("ListAllMyBucketsResult", content)


def get_public_access_block(call: Call) -> Response:
    """Block Public Access of the whole account."""
    account_id = call.require().account_id
    return forms.public_access_block(call.state.read_account_block(account_id))


def put_public_access_block(call: Call) -> Response:
    """Switches it on or off."""
    account_id = call.require().account_id
    blocked = forms.wanted_block(call)
    call.state.block_account(account_id, blocked=blocked)
    return Response()


def delete_public_access_block(call: Call) -> Response:
    """Switches it off."""
    call.state.block_account(call.require().account_id, blocked=False)
    return Response(204)


def _most_keys(asked: Mapping[str, str]) -> int:
    text = asked.get("max-keys") or str(_USUAL_KEYS)
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= _MOST_KEYS:
        raise errors.invalid_argument("max-keys", text)
    return int(text)


def _is_asked_for(bucket: Bucket, account_id: str, call: Call) -> bool:
    asked = call.request.params
    if bucket.owner != account_id or bucket.name <= asked.get("marker", ""):
        return False
    if not bucket.name.startswith(asked.get("prefix", "")):
        return False
    if "x-oss-resource-group-id" in call.request.headers:
        group = call.header("x-oss-resource-group-id") or DEFAULT_RESOURCE_GROUP
        if bucket.resource_group != group:
            return False
    key, value = asked.get("tag-key"), asked.get("tag-value")
    if key is None and value is not None:
        raise errors.invalid_argument("tag-value", value)
    return key is None or (key in bucket.tags and value in (None, bucket.tags[key]))


def _listed(bucket: Bucket) -> dict[str, xml.Content]:
    return {
        "CreationDate": forms.timestamp(bucket.created_at),
        "ExtranetEndpoint": regions.endpoint(bucket.region),
        "IntranetEndpoint": regions.internal_endpoint(bucket.region),
        "Location": regions.location(bucket.region),
        "Name": bucket.name,
        "Region": bucket.region,
        "ResourceGroupId": bucket.resource_group,
        "StorageClass": bucket.storage_class,
    }
