"""The exemptions that people review, in `code/exemptions.yaml`: read, and added to."""

import os
import re
import shutil
import tempfile
from datetime import date
from pathlib import Path

import yaml

from resource_repair.exemptions import Exemption, Exemptions, ExemptionsError, parse
from resource_repair.exemptions import fields as fields_of
from resource_repair.openness import PUBLIC_READ
from scripts import ROOT
from scripts.declared import yaml_text
from scripts.declared.errors import SpecError
from scripts.declared.files import writing
from scripts.errors import Problem

_NONE = re.compile(r"^\[ *\][ \t]*(?:\r?\n|\Z)", re.M)  # the whole of a list without entries
_COMMENTS_ALONE = re.compile(r"(?:---)?\s*(?:#[^\r\n]*\s*)+")
_EMPTY = "says nothing, as a file that was cut does: write [] where no bucket is exempt"
_DASH = re.compile(r"^( *)- ", re.M)


def reviewed_exemptions(path: Path, today: date) -> Exemptions:
    """The exemptions in the YAML that people review, checked as of `today`; raises Problem.

    A file of comments alone lists none: somebody wrote it so. An empty one is refused, since a
    write that was cut leaves one too, and to take it for none would end each exemption.
    """
    shown = str(path.relative_to(ROOT) if path.is_relative_to(ROOT) else path)
    try:
        says = yaml_text.read(path, shown).plain()
        if says is None:
            if not _COMMENTS_ALONE.fullmatch(path.read_text("utf-8")):
                raise Problem(f"{shown}: {_EMPTY}")
            says = []
        return parse(says, today)
    except OSError as error:
        raise Problem(f"{shown}: cannot be read: {error}: correct it") from None
    except SpecError as error:
        raise Problem(str(error)) from None
    except ExemptionsError as error:
        raise Problem(f"{shown}: {error}: correct it") from None


def add(path: Path, entry: Exemption, today: date) -> None:
    """Add the entry at the end, as text: comments and form stay.

    What comes of it is read back, with all the checks of a build as of `today`, before it takes the
    file's place. Raises Problem where that is not what was there and the entry, or where it cannot
    be written; the file is left alone then.
    """
    path = path.resolve()  # the file itself takes the new one, not a link to it
    wanted = Exemptions((*reviewed_exemptions(path, today).entries, entry))
    with writing(path):
        added = _added(path.read_bytes().decode("utf-8"), entry)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".exemptions-")
        draft = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(added.encode("utf-8"))
            if _read(draft, today) != wanted:
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
    fields = fields_of(entry)
    if entry.allow == PUBLIC_READ:
        del fields["allow"]
    shown = f"{entry.reason}{entry.owner}".isprintable()
    return yaml.safe_dump([fields], sort_keys=False, allow_unicode=shown, width=1000)


def _read(path: Path, today: date) -> Exemptions | None:
    try:
        return reviewed_exemptions(path, today)
    except Problem:
        return None
