"""The posture page: how open the account's buckets are, and how that went over a time span."""

from scripts.report.page import render
from scripts.report.posture import Posture, posture

__all__ = ["Posture", "posture", "render"]
