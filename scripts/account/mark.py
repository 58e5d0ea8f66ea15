"""How a resource says that provision made it: by a tag, or else in its description.

There is no state file: this is all that `remove` goes by. Topics, queues and rules answer with
their tags. Roles and log projects have tags that only further calls would read, and delivery
channels have none: they have the mark in their descriptions.
"""

from collections.abc import Iterable
from typing import Any

# Why something without the mark is left alone.
NOT_OURS = "it was there before: it has no mark of ours"
# Likewise of a role or a policy that a deploy makes, which the client gives no mark.
PERHAPS_CLIENTS = (
    "it has no mark of ours: the Serverless Devs client made it, or it was there before; if "
    "nothing else goes by it, delete it in the RAM console"
)
# Likewise of a function or a service, which a deploy describes, and marks with nothing else.
NOT_AS_DESCRIBED = "its description is not that of s.yaml: it may be somebody else's"

# A tag's value has letters, digits, dots, underscores and hyphens (page "CreateConfigRule").
TAG_KEY, TAG_VALUE = "made-by", "resource-repair-provision"
TEXT = f"{TAG_KEY} {TAG_VALUE}"


def tagged(tags: Iterable[Any] | None) -> bool:
    """Whether the tags that an SDK read have the mark; it calls key and value by either name."""
    return any(_pair(tag) == (TAG_KEY, TAG_VALUE) for tag in tags or ())


def described(what: str) -> str:
    """A description with the mark."""
    return f"{what} ({TEXT})"


def in_description(description: str | None) -> bool:
    """Whether a description has the mark."""
    return TEXT in (description or "")


def missing_from(found: Any) -> str:
    """Why what an SDK describes stays: it, being there or not, has no mark. Empty if it has."""
    return "" if found and in_description(found.description) else NOT_OURS


def _pair(tag: Any) -> tuple[str, str]:
    if hasattr(tag, "tag_key"):
        return tag.tag_key, tag.tag_value
    return tag.key, tag.value
