"""What is deployed is what is in the sources: whoever compares or brings it builds it first."""

from pathlib import Path

from scripts.errors import Problem


def build(code: Path) -> str:
    """Build `code` anew if it is the project's own bundle; gives what to say if that changed it.

    Raises Problem where it cannot be built.
    """
    from scripts.bundling import bundle  # noqa: PLC0415  (a slow import)

    if code != bundle.OUTPUT / "function.zip":
        return ""
    before = code.read_bytes() if code.is_file() else b""
    try:
        built = bundle.build(bundle.OUTPUT)
    except bundle.BundleError as error:
        raise Problem(f"no bundle: {error}") from None
    return "" if built.read_bytes() == before else f"built {code.name} anew, from the sources"
