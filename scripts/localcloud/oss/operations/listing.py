"""Listing the objects of a bucket, page by page, in both versions of the operation."""

import base64
import binascii
import urllib.parse
from collections.abc import Callable, Iterator
from typing import NamedTuple

from ...http import Response
from .. import errors, xml
from ..access import Call
from ..model import Bucket
from . import forms
from .objects import etag


class _Entry(NamedTuple):
    """A key, or what several keys begin with."""

    name: str
    is_group: bool


def list_objects(call: Call) -> Response:
    """A page of keys in alphabetical order, those beyond `marker`, grouped up to `delimiter`."""
    bucket, asked = call.own_bucket(), call.request.params
    marker = asked.get("marker", "")
    page, rest = _page(call, bucket, marker)
    encoded = _encoder(call)
    paging = {"Marker": encoded(marker)}
    if rest:
        paging["NextMarker"] = encoded(page[-1].name)
    return _answer(call, bucket, page, {**paging, "IsTruncated": xml.boolean(rest)}, owner=True)


def list_objects_v2(call: Call) -> Response:
    """The same with tokens for what is to come; owners are told where `fetch-owner` asks."""
    if (version := call.request.params["list-type"]) != "2":
        raise errors.invalid_argument("list-type", version)
    bucket, asked = call.own_bucket(), call.request.params
    token, start = asked.get("continuation-token", ""), asked.get("start-after", "")
    page, rest = _page(call, bucket, _read_token(token) if token else start)
    paging = {"KeyCount": str(len(page)), "IsTruncated": xml.boolean(rest)}
    if start:
        paging["StartAfter"] = _encoder(call)(start)
    if token:
        paging["ContinuationToken"] = token
    if rest:
        paging["NextContinuationToken"] = base64.b64encode(page[-1].name.encode()).decode()
    return _answer(call, bucket, page, paging, owner=asked.get("fetch-owner") == "true")


def _page(call: Call, bucket: Bucket, after: str) -> tuple[list[_Entry], bool]:
    """What a page has, and whether something is left."""
    most = forms.most_keys(call)
    found = list(_entries(call, bucket, after))
    return found[:most], len(found) > most


def _entries(call: Call, bucket: Bucket, after: str) -> Iterator[_Entry]:
    prefix, delimiter = (call.request.params.get(name, "") for name in ("prefix", "delimiter"))
    last = ""
    for key in sorted(bucket.objects):
        if not key.startswith(prefix):
            continue
        head, found, _ = key[len(prefix) :].partition(delimiter) if delimiter else (key, "", "")
        name = f"{prefix}{head}{found}" if found else key
        if name > after and (not found or name != last):
            yield _Entry(name, bool(found))
        last = name


def _answer(
    call: Call, bucket: Bucket, page: list[_Entry], paging: dict[str, str], *, owner: bool
) -> Response:
    asked, encoded = call.request.params, _encoder(call)
    content: dict[str, xml.Content | list[xml.Content]] = {
        "Name": bucket.name,
        "Prefix": encoded(asked.get("prefix", "")),
        "MaxKeys": str(forms.most_keys(call)),
        "Delimiter": encoded(asked.get("delimiter", "")),
        **paging,
    }
    if kind := asked.get("encoding-type"):
        content["EncodingType"] = kind
    content["Contents"] = [
        _content(bucket, each.name, encoded(each.name), owner=owner)
        for each in page
        if not each.is_group
    ]
    content["CommonPrefixes"] = [{"Prefix": encoded(e.name)} for e in page if e.is_group]
    return xml.answer("ListBucketResult", content)


def _content(bucket: Bucket, key: str, told: str, *, owner: bool) -> xml.Content:
    stored = bucket.objects[key]
    content: dict[str, xml.Content] = {
        "Key": told,
        "LastModified": forms.timestamp(stored.modified_at, whole=True),
        "ETag": etag(stored.body),
        "Type": "Normal",
        "Size": str(len(stored.body)),
        "StorageClass": bucket.storage_class,
    }
    return {**content, "Owner": forms.owner(bucket.owner)} if owner else content


def _encoder(call: Call) -> Callable[[str], str]:
    kind = call.request.params.get("encoding-type", "")
    if kind not in ("", "url"):
        raise errors.invalid_argument("encoding-type", kind)
    return (lambda text: urllib.parse.quote(text, safe="")) if kind else str


def _read_token(token: str) -> str:
    try:
        return base64.b64decode(token, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise errors.invalid_argument("continuation-token", token) from error
