"""Leaving out of what is shown whatever may be a key, a secret or a token."""

import re

_LONGEST = 300

_HIDDEN = re.compile(
    # Keys and tokens by how they begin.
    r"\b(?:LTAI|STS\.|CAIS)[\w+/=.-]+"
    # A secret: 30 letters and digits.
    r"|\b(?=[A-Za-z]*\d)(?=\d*[A-Za-z])[A-Za-z\d]{30}\b"
    # Whatever is called one, as in a URL or in a header.
    r"|(?i:(?<=secret=)|(?<=signature=)|(?<=token=)|(?<=authorization: )|(?<=keyid=))[^&;,'\"\n]+"
)


def redacted(text: str) -> str:
    """The first line of a text, cut at 300 characters, with `***` for what may be a credential."""
    line = next(iter(text.strip().splitlines()), "")
    return _HIDDEN.sub("***", line)[:_LONGEST]
