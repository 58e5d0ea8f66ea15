"""Function Compute over HTTP: versions of one API, each with its operations and its signature."""

from .service import FcService

__all__ = ["FcService"]
