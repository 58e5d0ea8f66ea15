"""Operations on logs: to write them, and to find them."""

from collections.abc import Mapping
from typing import Any

from .. import protobuf
from ..errors import only_known
from ..logs import Log
from ..state import LogState, Search
from .call import DEFAULT_PAGE, Answer, Call, Headed, number

_MOST_PARTS = 60  # of a histogram


def get_log_store_logs(state: LogState, call: Call) -> Answer:
    """Operation "GetLogsV2"; "GetLogs" asks in the same way and is answered so here too."""
    search = _search_of(call.fields)
    found = state.search(call.project, call.store, search)
    meta = {
        "progress": "Complete" if found.complete else "Incomplete",
        "count": len(found.logs),
        "hasSQL": False,
        "isAccurate": False,
    }
    return {"meta": meta, "data": [_log_view(log) for log in found.logs]}


def get_log_store_histogram(state: LogState, call: Call) -> Answer:
    """Operation "GetHistograms"; an answer that is incomplete has no logs in it."""
    search = _search_of(call.request.params)
    counts = state.counts(call.project, call.store, search)
    progress = "Incomplete" if counts is None else "Complete"
    length = -(-(search.until - search.since) // _MOST_PARTS)
    parts = [
        {
            "from": since,
            "to": min(since + length, search.until),
            "count": sum(n for at, n in counts or () if since <= at < since + length),
            "progress": progress,
        }
        for since in range(search.since, search.until, length)
    ]
    total = sum(n for _, n in counts or ())
    return Headed(parts, {"x-log-progress": progress, "x-log-count": str(total)})


def post_log_store_logs(state: LogState, call: Call) -> Answer:
    """Operation "PutLogs"."""
    headers = call.request.headers
    compression, size = headers.get("x-log-compresstype"), headers.get("x-log-bodyrawsize")
    group = protobuf.parse(call.request.body, compression, size)
    state.put(call.project, call.store, group.logs, topic=group.topic, source=group.source)


def _search_of(asked: Mapping[str, Any]) -> Search:
    """What is searched for; raises LogError for what is not done here."""
    # (`powerSql` has columns computed, and `forward` goes on through a scan: neither is done here.)
    off = dict.fromkeys(("highlight", "forward", "powerSql"), False)
    inert = {"session": "", "fromNs": 0, "toNs": 0, **off}
    only_known("", {**asked, **_numbers(asked, "fromNs", "toNs")}, inert, asked)
    return Search(
        str(asked.get("query") or ""),
        number(asked.get("from")),
        number(asked.get("to")),
        number(asked.get("offset"), 0),
        number(asked.get("line"), DEFAULT_PAGE),
        asked.get("reverse") is True,
        str(asked.get("topic") or ""),
    )


def _numbers(asked: Mapping[str, Any], *names: str) -> dict[str, int]:
    return {name: number(asked[name]) for name in names if name in asked}


def _log_view(log: Log) -> Answer:
    return {
        "__time__": str(log.time),
        "__source__": log.source,
        "__topic__": log.topic,
        **log.fields,
    }
