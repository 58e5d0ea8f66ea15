"""Regions as OSS names them: in a signature's scope, in a location and in a host name."""

# Finance cloud goes by other names in OSS than elsewhere. Page "OSS regions and endpoints".
_OSS_NAMES = {"cn-hangzhou-finance": "cn-hzfinance"}
_REGION_IDS = {name: region for region, name in _OSS_NAMES.items()}


def oss_name(region: str) -> str:
    """What OSS calls region id `region`; most have one name for both."""
    return _OSS_NAMES.get(region, region)


def region_id(name: str) -> str:
    """The region id of what OSS calls `name`; the inverse of `oss_name`."""
    return _REGION_IDS.get(name, name)


def location(region: str) -> str:
    """The location of a bucket in `region`: `oss-cn-shanghai`."""
    return f"oss-{oss_name(region)}"


def endpoint(region: str) -> str:
    """The public host of `region`."""
    return f"{location(region)}.aliyuncs.com"


def internal_endpoint(region: str) -> str:
    """The host of `region` for clients within it."""
    return f"{location(region)}-internal.aliyuncs.com"
