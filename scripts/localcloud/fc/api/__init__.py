"""Function Compute over HTTP: versions of one API, each with its operations and its signature."""

from scripts.localcloud.fc.api.service import FcService

__all__ = ["FcService"]
