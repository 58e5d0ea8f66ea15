"""What a verb itself writes into the log store: a line of JSON, as the function writes its own."""

import json
import time

from scripts.account.alert_rules import MESSAGE
from scripts.account.audit_index import PROJECTS
from scripts.account.clients import Clients, asked
from scripts.account.permission import Permission
from scripts.declared import Logs

WRITE_LINE = Permission("log:PostLogStoreLogs", f"{PROJECTS}/logstore/*")


def write_line(clients: Clients, logs: Logs, event: str, **fields: object) -> None:
    """Write a line about an event; raises CloudError.

    Where no answer came it is written again, so that it can be there twice.
    """
    from alibabacloud_sls20201230 import models  # noqa: PLC0415  (a slow import)

    line = json.dumps({"event": event, **fields})
    item = models.LogItem(
        time=int(time.time()), contents=[models.LogContent(key=MESSAGE, value=line)]
    )
    group = models.LogGroup(log_items=[item], topic=event, source="")
    request = models.PutLogsRequest(body=group)
    place = f"{logs.project}/{logs.logstore}"
    asked(
        WRITE_LINE.action, place, lambda: clients.log.put_logs(logs.project, logs.logstore, request)
    )
