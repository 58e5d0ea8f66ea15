"""Numbers of things, and lists, as people say them."""

from collections.abc import Sequence


def count(number: int, thing: str, does: str = "") -> str:
    """So many things, in words: `1 line`, `2 lines`; or with what they do: `1 line waits`."""
    many = number != 1
    words = f"{number} {thing}{'s' * many}"
    return f"{words} {does}{'s' * (not many)}" if does else words


def listed(words: Sequence[str]) -> str:
    """One or several in a sentence: `a`, `a and b`, `a, b and c`."""
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


def few(words: Sequence[str], most: int = 20) -> str:
    """As many of them as there is room for: `a, b and 3 more`."""
    further = f" and {len(words) - most} more" if len(words) > most else ""
    return f"{', '.join(words[:most])}{further}"
