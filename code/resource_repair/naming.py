"""What a bucket and a region may be called: nothing else may become part of a host name."""

import re
from typing import Optional

# OSS, "Bucket naming conventions": 3 to 63 of a-z, 0-9 and hyphens, none of these at an end.
BUCKET_NAME = r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]"
_BUCKET = re.compile(BUCKET_NAME, re.ASCII)

# OSS, "Regions and endpoints": cn-shanghai, us-west-1, cn-hzfinance, cn-north-2-gov-1 …
_REGION_ID = r"[a-z]{2,3}(?:-[a-z0-9]{1,12}){1,4}?"
_REGION = re.compile(r"(?:oss-)?(" + _REGION_ID + r")", re.ASCII)
_ENDPOINT = re.compile(r"oss-(" + _REGION_ID + r")(?:-internal)?\.aliyuncs\.com", re.ASCII)


def is_bucket_name(text: str) -> bool:
    """Whether OSS would let a bucket have this name."""
    return _BUCKET.fullmatch(text) is not None


def region_id(text: str) -> Optional[str]:
    """The region id in `text` (`cn-shanghai`; OSS's own form `oss-cn-shanghai` too), or None."""
    match = _REGION.fullmatch(text)
    return match.group(1) if match else None


def region_of_endpoint(host: str) -> Optional[str]:
    """The region id in a public OSS endpoint (`oss-cn-beijing.aliyuncs.com`), or None."""
    match = _ENDPOINT.fullmatch(host)
    return match.group(1) if match else None
