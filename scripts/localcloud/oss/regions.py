"""Regions as OSS names them: in a signature's scope, in a location and in a host name.

Page "Regions and endpoints", read as of 2026-08-13.
"""

import re

from ..table import words

# Finance cloud goes by other names in OSS than elsewhere.
_OSS_NAMES = {"cn-hangzhou-finance": "cn-hzfinance"}
_REGION_IDS = {name: region for region, name in _OSS_NAMES.items()}

KNOWN = words(
    """
    cn-hangzhou cn-shanghai cn-nanjing cn-fuzhou cn-wuhan-lr cn-qingdao cn-beijing cn-zhangjiakou
    cn-huhehaote cn-wulanchabu cn-shenzhen cn-heyuan cn-guangzhou cn-chengdu cn-hongkong
    ap-northeast-1 ap-northeast-2 ap-southeast-1 ap-southeast-3 ap-southeast-5 ap-southeast-6
    ap-southeast-7 us-west-1 us-east-1 na-south-1 eu-central-1 eu-west-1 me-east-1 me-central-1
    cn-hangzhou-finance cn-shanghai-finance-1 cn-shenzhen-finance-1 cn-beijing-finance-1
    cn-north-2-gov-1
    """
)

# `oss-cn-shanghai.aliyuncs.com`, `oss-cn-shanghai-internal.aliyuncs.com`, and for both versions of
# IP `cn-shanghai.oss.aliyuncs.com`.
_HOST = re.compile(
    r"oss-(?P<one>[a-z0-9-]+?)(-internal)?\.|(?P<other>[a-z0-9-]+)\.oss\.aliyuncs\.com$"
)


def oss_name(region: str) -> str:
    """What OSS calls region id `region`; most have one name for both."""
    return _OSS_NAMES.get(region, region)


def region_id(name: str) -> str:
    """The region id of what OSS calls `name`; the inverse of `oss_name`."""
    return _REGION_IDS.get(name, name)


def of_host(host: str) -> str | None:
    """The id of the region whose endpoint `host` is: empty for the accelerated one, which is of
    no region, and None for what is no endpoint.
    """
    found = _HOST.match(host)
    if not found:
        return None
    name = found["one"] or found["other"]
    return "" if name in ("accelerate", "accelerate-overseas") else region_id(name)


def location(region: str) -> str:
    """The location of a bucket in `region`: `oss-cn-shanghai`."""
    return f"oss-{oss_name(region)}"


def endpoint(region: str) -> str:
    """The public host of `region`."""
    return f"{location(region)}.aliyuncs.com"


def internal_endpoint(region: str) -> str:
    """The host of `region` for clients within it."""
    return f"{location(region)}-internal.aliyuncs.com"
