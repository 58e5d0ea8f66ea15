"""Forms that the answers of several operations have in common."""

import datetime
import re

from ...http import Response
from .. import errors, xml
from ..access import Call

_MOST_KEYS = re.compile("[1-9][0-9]{0,2}|1000")


def owner(account_id: str) -> dict[str, xml.Content]:
    """An account, as a bucket's owner."""
    return {"DisplayName": account_id, "ID": account_id}


def access_control(account_id: str, grant: str) -> Response:
    """An ACL, of a bucket or of an object."""
    content: xml.Content = {"Owner": owner(account_id), "AccessControlList": {"Grant": grant}}
    return xml.answer("AccessControlPolicy", content)


def public_access_block(blocked: bool) -> Response:
    """Block Public Access, of a bucket or of an account."""
    return xml.answer("PublicAccessBlockConfiguration", {"BlockPublicAccess": xml.boolean(blocked)})


def wanted_block(call: Call) -> bool:
    """What a request wants Block Public Access to be; without the element it is off."""
    root = call.document("PublicAccessBlockConfiguration")
    # oss2 writes True, the documentation true.
    blocked = root.findtext("BlockPublicAccess", "false").strip().lower()
    if blocked not in ("true", "false"):
        raise errors.malformed_xml()
    return blocked == "true"


def most_keys(call: Call) -> int:
    """How many a page of a list may have: 100 unless asked for otherwise, at most 1000."""
    text = call.request.params.get("max-keys") or "100"
    if not _MOST_KEYS.fullmatch(text):
        raise errors.invalid_argument("max-keys", text)
    return int(text)


def timestamp(seconds: float, *, whole: bool = False) -> str:
    """In whole seconds, though with milliseconds: oss2 takes nothing but `.000`."""
    seconds = float(int(seconds)) if whole else seconds
    moment = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
