"""What a message that makes no sense may still say, whatever was done to it.

Only what the id of a rule can be made of is kept: ASCII that is printed. So its readings show an id
through any of the encodings that add bytes to it, through escapes, and through base64. All of it is
linear in the message's length, as whoever may publish to the topic may also try to exhaust it.
"""

import re
from typing import Any, Iterator, List, Tuple, Union

from resource_repair.notification import DEPTH, decoded, from_base64

_LAYERS = 2  # of base64 within what is damaged; each makes at most three times as much of it
_ROUNDS = 4  # of escapes in escapes, such as \u005cu0063

_NOT_PRINTED = bytes(range(0x21)) + bytes(range(0x7F, 0x100))
# JSON's, doubled as often as may be; that of URLs, and of HTML. Each begins where no other goes on.
_ESCAPE = re.compile(
    r"(?<!\\)\\+(?:u([0-9a-f]{4})|x([0-9a-f]{2})|[nrtbf])?"
    r"|%(?:25)*(?:u([0-9a-f]{4})|([0-9a-f]{2}))"
    r"|&#x0*([0-9a-f]{1,6});?"
    r"|&#0*([0-9]{1,7});?",
    re.ASCII | re.IGNORECASE,
)
_DECIMAL = 6  # the group of them that is
_BASE64_RUN = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}", re.ASCII)


def readings(event: Union[bytes, str]) -> Iterator[str]:
    """Every text in a message, raw and decoded, however damaged: one may name our rule.

    Spaces, and what is no ASCII, are left out of them.
    """
    todo: List[Tuple[Any, int]] = [(event, DEPTH)]
    while todo:
        value, layers = todo.pop()
        if isinstance(value, (list, tuple)):
            todo.extend((each, layers) for each in value)
        elif isinstance(value, (bytes, bytearray, str)):
            # As pairs, since of a key that is there twice an object would have the last alone.
            inner = decoded(value, list) if layers else None
            yield from _spellings(_printed(value), _LAYERS if inner is None else 0)
            todo.append((inner, layers - 1))


def _printed(value: Union[bytes, bytearray, str]) -> str:
    raw = value.encode("ascii", "ignore") if isinstance(value, str) else bytes(value)
    return raw.translate(None, _NOT_PRINTED).decode("ascii")


def _spellings(text: str, layers: int) -> Iterator[str]:
    """The text as it is, with its escapes resolved, and what the base64 in it says."""
    yield text
    if "\\" in text:
        yield text.replace("\\", "")
    for _ in range(_ROUNDS):
        resolved = _ESCAPE.sub(_character, text)
        if resolved == text:
            break
        text = resolved
        yield text
    if not layers:
        return
    for run in _BASE64_RUN.findall(text):
        for start in range(4):  # damage can have shifted it
            part = run[start:].rstrip("=")
            found = from_base64(part[:-1] if len(part) % 4 == 1 else part)
            if found:
                yield from _spellings(_printed(found), layers - 1)


def _character(escape: "re.Match[str]") -> str:
    """What an escape stands for; nothing if that is not printed, or if it stands for nothing."""
    if not escape.lastindex:
        return ""
    code = int(escape.group(escape.lastindex), 10 if escape.lastindex == _DECIMAL else 16)
    return chr(code) if ord("!") <= code <= ord("~") else ""
