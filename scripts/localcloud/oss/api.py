"""OSS over HTTP: its REST API as far as buckets, and what is simple of objects, need it.

Not served: signatures in a URL, versions, multipart uploads and listing objects; bucket policies
decide about anybody at all only, not about the account's own roles.
"""

import base64
import secrets

from scripts.localcloud.http import Request, Response
from scripts.localcloud.oss import address, errors, xml
from scripts.localcloud.oss.access import Call, Gate, authenticate
from scripts.localcloud.oss.buckets import BucketOperations
from scripts.localcloud.oss.model import RefusedError, check_bucket_name
from scripts.localcloud.oss.objects import ObjectOperations
from scripts.localcloud.oss.state import OssState
from scripts.localcloud.ram.state import RamState
from scripts.localcloud.service import ApiError, Core, Service
from scripts.localcloud.table import Match


class OssService(Service):
    """All regions of OSS at one endpoint; a request is in the region that its signature names."""

    name = "oss"

    def __init__(self, core: Core, state: OssState, ram: RamState) -> None:
        super().__init__(core)
        self._state = state
        self._ram = ram
        gate = Gate(state, ram)
        self._handlers = {
            **BucketOperations(state, gate).handlers,
            **ObjectOperations(state, gate).handlers,
        }

    def identify(self, request: Request) -> Match:
        """The operation and its bucket."""
        return address.identify(request)

    def perform(self, operation: Match, request: Request) -> Response:
        """Authenticate, authorize and carry out."""
        target = address.locate(request)
        caller = authenticate(request, target, self._ram)
        try:
            if target.bucket:
                check_bucket_name(target.bucket)
            response = self._handlers[operation.name](Call(operation, request, target, caller))
        except RefusedError as refused:
            raise errors.of_refusal(refused) from refused
        return _stamped(response, _new_request_id())

    def refuse(self, request: Request, error: ApiError) -> Response:
        """An error document; after a HEAD, which has no body, OSS repeats it in a header."""
        request_id = _new_request_id()
        fields = dict(error.fields)
        ec = str(fields.pop("EC", errors.UNKNOWN_EC))
        document = xml.write(
            "Error",
            {
                "Code": error.code,
                "Message": error.message,
                "RequestId": request_id,
                "HostId": request.headers.get("Host").partition(":")[0],
                **fields,
                "EC": ec,
                "RecommendDoc": f"https://api.aliyun.com/troubleshoot?q={ec}",
            },
        )
        headers = {"Content-Type": "application/xml", "x-oss-ec": ec}
        if request.method == "HEAD":
            headers["x-oss-err"] = base64.b64encode(document).decode()
        return _stamped(Response(error.status, document, headers), request_id)

    def lag(self, operation: Match, reads: int) -> None:
        """A new ACL can be late to show in GetBucketAcl and GetBucketInfo; nothing else can."""
        if operation.name != "PutBucketAcl":
            super().lag(operation, reads)
        self._state.let_acl_lag(operation.subject, reads)


def _stamped(response: Response, request_id: str) -> Response:
    response.headers |= {"Server": "AliyunOSS", "x-oss-request-id": request_id}
    return response


def _new_request_id() -> str:
    return secrets.token_hex(12).upper()
