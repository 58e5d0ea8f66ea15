"""The embedded local cloud: the parts of Alibaba Cloud that this product touches, on loopback."""

from scripts.localcloud.cloud import Endpoints, LocalCloud
from scripts.localcloud.faults import Drop, Fail, Hold, Lag, Stall

__all__ = ["Drop", "Endpoints", "Fail", "Hold", "Lag", "LocalCloud", "Stall"]
