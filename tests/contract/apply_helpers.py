"""Names that some tests still import from here; they are those of tests/parts.py."""

from tests.parts import clients, edit, project, zipped

__all__ = ["clients", "edit", "project", "zipped"]
