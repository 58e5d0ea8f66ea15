"""The operations on objects: as much as shows who can get at one."""

import email.utils
import hashlib
from collections.abc import Mapping

from scripts.localcloud.http import Response
from scripts.localcloud.oss import errors, xml
from scripts.localcloud.oss.access import Call, Gate
from scripts.localcloud.oss.buckets import Handler, access_control
from scripts.localcloud.oss.model import Bucket, ObjectNotFoundError, StoredObject
from scripts.localcloud.oss.state import OssState

_LONGEST_KEY = 1023
_DEFAULT_TYPE = "application/octet-stream"


class ObjectOperations:
    """The operations by name; each raises ApiError or RefusedError to refuse."""

    def __init__(self, state: OssState, gate: Gate) -> None:
        self._state = state
        self._gate = gate
        self.handlers: Mapping[str, Handler] = {
            "GetObject": self._get,
            "HeadObject": self._get,
            "PutObject": self._put,
            "DeleteObject": self._delete,
            "GetObjectAcl": self._get_acl,
            "PutObjectAcl": self._put_acl,
        }

    def _get(self, call: Call) -> Response:
        """GetObject and HeadObject alike: the listener leaves out the body of a HEAD."""
        stored = _find(self._gate.bucket_of_object(call, "GetObject"), call.target.key)
        headers = {
            "Content-Type": stored.content_type,
            "ETag": _etag(stored.body),
            "Last-Modified": email.utils.formatdate(stored.modified_at, usegmt=True),
            "x-oss-object-type": "Normal",
        }
        return Response(200, stored.body, headers)

    def _put(self, call: Call) -> Response:
        bucket = self._gate.bucket_of_object(call, "PutObject")
        key, headers = call.target.key, call.request.headers
        _check_key(key)
        self._state.put_object(
            bucket.name,
            key,
            call.request.body,
            headers.get("x-oss-object-acl", "default"),
            headers.get("Content-Type", _DEFAULT_TYPE),
        )
        return Response(headers={"ETag": _etag(call.request.body)})

    def _delete(self, call: Call) -> Response:
        bucket = self._gate.bucket_of_object(call, "DeleteObject")
        self._state.delete_object(bucket.name, call.target.key)
        return Response(204)

    def _get_acl(self, call: Call) -> Response:
        bucket = self._gate.bucket_of_object(call, "GetObjectAcl")
        grant = _find(bucket, call.target.key).acl
        body = xml.write("AccessControlPolicy", access_control(bucket.owner, grant))
        return Response(200, body, {"Content-Type": "application/xml"})

    def _put_acl(self, call: Call) -> Response:
        bucket = self._gate.bucket_of_object(call, "PutObjectAcl")
        acl = call.request.headers.get("x-oss-object-acl")
        self._state.set_object_acl(bucket.name, call.target.key, acl)
        return Response()


def _find(bucket: Bucket, key: str) -> StoredObject:
    if key not in bucket.objects:
        raise ObjectNotFoundError(key)
    return bucket.objects[key]


def _check_key(key: str) -> None:
    """Page "Object naming conventions"."""
    if len(key.encode()) > _LONGEST_KEY or key.startswith(("/", "\\")):
        raise errors.invalid_object_name()


def _etag(body: bytes) -> str:
    return f'"{hashlib.md5(body, usedforsecurity=False).hexdigest().upper()}"'
