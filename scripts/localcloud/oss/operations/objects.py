"""Objects: as much as shows who can get at one."""

import email.utils
import hashlib

from ...http import Response
from .. import crc64, errors
from ..access import Call
from ..model import Bucket, ObjectNotFoundError, StoredObject
from . import forms

_LONGEST_KEY = 1023
_DEFAULT_TYPE = "application/octet-stream"
_KEPT = ("cache-control", "content-disposition", "content-encoding", "content-language", "expires")


def get_object(call: Call) -> Response:
    """GetObject, HeadObject and GetObjectMeta alike: of a HEAD the listener leaves out the body."""
    stored = _find(call.bucket_of_object(), call.target.key)
    headers = {
        "Content-Type": stored.content_type,
        "ETag": etag(stored.body),
        "Last-Modified": email.utils.formatdate(stored.modified_at, usegmt=True),
        "x-oss-object-type": "Normal",
        "x-oss-hash-crc64ecma": crc64.of(stored.body),
        **stored.headers,
    }
    return Response(200, stored.body, headers)


head_object = get_object_meta = get_object


def put_object(call: Call) -> Response:
    """Stores an object."""
    bucket = call.bucket_of_object()
    _check_key(call.target.key)
    call.state.put_object(
        bucket.name,
        call.target.key,
        call.request.body,
        call.header("x-oss-object-acl", "default"),
        call.header("Content-Type", _DEFAULT_TYPE),
        {
            name: value
            for name, value in call.request.headers.items()
            if name in _KEPT or name.startswith("x-oss-meta-")
        },
    )
    body = call.request.body
    return Response(headers={"ETag": etag(body), "x-oss-hash-crc64ecma": crc64.of(body)})


def delete_object(call: Call) -> Response:
    """Removes an object, if it is there."""
    call.state.delete_object(call.bucket_of_object().name, call.target.key)
    return Response(204)


def get_object_acl(call: Call) -> Response:
    """An object's ACL."""
    bucket = call.bucket_of_object()
    return forms.access_control(bucket.owner, _find(bucket, call.target.key).acl)


def put_object_acl(call: Call) -> Response:
    """Sets an object's ACL."""
    bucket = call.bucket_of_object()
    call.state.set_object_acl(bucket.name, call.target.key, call.header("x-oss-object-acl"))
    return Response()


def _find(bucket: Bucket, key: str) -> StoredObject:
    if key not in bucket.objects:
        raise ObjectNotFoundError(key)
    return bucket.objects[key]


def _check_key(key: str) -> None:
    """Page "Object naming conventions"."""
    if len(key.encode()) > _LONGEST_KEY or key.startswith(("/", "\\")):
        raise errors.invalid_object_name()


def etag(body: bytes) -> str:
    """What tells one body from another."""
    return f'"{hashlib.md5(body, usedforsecurity=False).hexdigest().upper()}"'
