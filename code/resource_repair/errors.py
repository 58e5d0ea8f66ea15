"""What can go wrong with a request to OSS, as far as the repair must tell it apart.

Which answer of OSS is which, `oss_answers` says.
"""

from typing import Optional


class BucketError(Exception):
    """A request that was not answered with what was asked; `reason` is safe to log."""

    def __init__(self, reason: str, oss_request_id: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.oss_request_id = oss_request_id


class NoSuchBucketError(BucketError):
    """OSS knows no such bucket."""


class DeniedError(BucketError):
    """The function's role may not do it."""


class TheirsError(BucketError):
    """The bucket is another account's."""


class DisabledError(BucketError):
    """The owner's account, or the bucket, is out of service: arrears, a ban, no such account."""


class BlockedError(BucketError):
    """A public grant that Block Public Access forbids."""


class RefusedError(BucketError):
    """Something that asking again will not change."""


class UnsupportedError(RefusedError):
    """An operation that this OSS does not have."""


class TransientError(BucketError):
    """Something that may pass: throttling, a 5xx, a time-out, a broken connection."""


class UnresolvedError(TransientError):
    """The host of that region has no address."""


class ElsewhereError(BucketError):
    """The bucket lives in another region: `region`, or None where OSS names it in no known form."""

    def __init__(self, reason: str, region: Optional[str], oss_request_id: str = "") -> None:
        super().__init__(reason, oss_request_id)
        self.region = region
