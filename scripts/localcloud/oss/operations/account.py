"""What is about an account as a whole."""

import json
from collections.abc import Sequence

from ...http import Response
from .. import errors, regions, xml
from ..access import Call
from ..model import DEFAULT_RESOURCE_GROUP, Bucket
from . import forms


def list_buckets(call: Call) -> Response:
    """A page of the account's buckets, in alphabetical order; all that are asked for fit or not."""
    account_id = call.require().account_id
    asked = call.request.params
    most = forms.most_keys(call)
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
    _block(call, blocked=forms.wanted_block(call))
    return Response()


def delete_public_access_block(call: Call) -> Response:
    """Switches it off."""
    _block(call, blocked=False)
    return Response(204)


def _block(call: Call, *, blocked: bool) -> None:
    account_id = call.require().account_id
    before = call.state.blocks_account(account_id)
    call.state.block_account(account_id, blocked=blocked)
    if before and not blocked:
        call.state.begin_to_spread(account_id)


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
    if key is not None and not (key in bucket.tags and value in (None, bucket.tags[key])):
        return False
    return _tags_asked_for(asked.get("tagging", "")).items() <= bucket.tags.items()


def _tags_asked_for(text: str) -> dict[str, str]:
    """Tags as `"key":"value"`, with commas between."""
    try:
        tags = json.loads(f"{{{text}}}")
    except (ValueError, RecursionError) as error:
        raise errors.invalid_argument("tagging", text) from error
    if not all(isinstance(value, str) for value in tags.values()):
        raise errors.invalid_argument("tagging", text)
    return dict(tags)


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
