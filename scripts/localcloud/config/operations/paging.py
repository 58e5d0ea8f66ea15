"""Lists that are asked for by the number of a page."""

from typing import Any

from ...pop import Answer, Call


def page_of(call: Call, name: str, items: list[dict[str, Any]]) -> Answer:
    """The page of `PageNumber` and `PageSize`, under that name."""
    number = call.number("PageNumber", 1, low=1, high=10**6)
    size = call.number("PageSize", 10, low=1, high=100)
    return {
        name: items[(number - 1) * size : number * size],
        "PageNumber": number,
        "PageSize": size,
        "TotalCount": len(items),
    }
