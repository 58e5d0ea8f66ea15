"""The two ways in which a verb fails, each told in one line."""


class UsageError(Exception):
    """It was used wrongly: the message says how to use it."""


class Problem(Exception):  # noqa: N818  (what a verb found, not a fault of its own)
    """It found something wrong: the message says what, and what to do about it."""
