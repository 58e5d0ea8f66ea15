"""The embedded local cloud: some parts of Alibaba Cloud, on loopback."""

from .cloud import Endpoints, LocalCloud
from .faults import Drop, Fail, Hold, Lag, Stall

__all__ = ["Drop", "Endpoints", "Fail", "Hold", "Lag", "LocalCloud", "Stall"]
