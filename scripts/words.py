"""Numbers of things, as people say them."""


def count(number: int, thing: str, does: str = "") -> str:
    """So many things, in words: `1 line`, `2 lines`; or with what they do: `1 line waits`."""
    many = number != 1
    words = f"{number} {thing}{'s' * many}"
    return f"{words} {does}{'s' * (not many)}" if does else words
