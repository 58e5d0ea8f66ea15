"""Adds an entry to the exemptions that people review, and leaves all else in the file as it is."""

import os
import re
import shutil
import tempfile
from datetime import date
from pathlib import Path

import yaml

from resource_repair.exemptions import Exemption, Exemptions
from resource_repair.openness import PUBLIC_READ
from scripts import bundle
from scripts.errors import Problem
from scripts.exempting import reviewed_exemptions

_NONE = re.compile(r"^\[ *\][ \t]*(?:\r?\n|\Z)", re.M)  # the whole of a list without entries
_DASH = re.compile(r"^( *)- ", re.M)


def add(path: Path, entry: Exemption, today: date) -> None:
    """Add the entry at the end, as text: comments and form stay.

    What comes of it is read back, with all the checks of a build as of `today`, before it takes the
    file's place. Raises Problem where that is not what was there and the entry; the file is left
    alone then.
    """
    path = path.resolve()  # the file itself takes the new one, not a link to it
    before = reviewed_exemptions(path, today)
    text = path.read_bytes().decode("utf-8")
    added = _added(text, entry)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".exemptions-")
    draft = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(added.encode("utf-8"))
        if _read(draft, today) != Exemptions((*before.entries, entry)):
            raise Problem(
                f"{path} is not written as a list of entries that begin with '- ': add one for "
                f"{entry.bucket} by hand, and run again"
            )
        shutil.copymode(path, draft)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _added(text: str, entry: Exemption) -> str:
    end = "\r\n" if "\r\n" in text else "\n"
    first = _DASH.search(text)
    indent = first[1] if first else ""
    lines = "".join(f"{indent}{line}{end}" for line in _written(entry).splitlines())
    if _NONE.search(text):
        return _NONE.sub(lambda _: lines, text, count=1)
    return text + ("" if text.endswith("\n") or not text else end) + lines


def _written(entry: Exemption) -> str:
    """The entry as people write it.

    YAML 1.1 takes U+0085, U+2028 and U+2029 for line breaks, and no person sees them, or what turns
    a line's direction: where there is such a character, all that is not ASCII is escaped.
    """
    fields = entry._asdict()
    if entry.allow == PUBLIC_READ:
        del fields["allow"]
    shown = f"{entry.reason}{entry.owner}".isprintable()
    return yaml.safe_dump([fields], sort_keys=False, allow_unicode=shown, width=1000)


def _read(path: Path, today: date) -> Exemptions | None:
    try:
        return bundle.read_exemptions(path, today)
    except bundle.BundleError:
        return None
