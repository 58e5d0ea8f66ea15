"""Calls of aliyun-log-python-sdk, with both of its signatures."""

import json
import logging
import os
import time
from urllib.parse import urlsplit

from aliyun.log import (
    GetHistogramsRequest,
    GetLogsRequest,
    IndexConfig,
    IndexKeyConfig,
    IndexLineConfig,
    LogClient,
    LogItem,
    PutLogsRequest,
)
from aliyun.log.auth import AUTH_VERSION_4
from aliyun.log.index_config import IndexJsonKeyConfig
from aliyun.log.resource_params import ResourceRecord
from calls import call, refused

STORE, TABLE, SEPARATORS = "some-store", "sls.common.user", [",", " ", "=", ":", "{", "}"]
FIRST = int(time.time()) - 60
SPAN = (FIRST - 600, FIRST + 600)

logging.disable(logging.CRITICAL)  # what is refused is told here


def index() -> IndexConfig:
    """An index of text, of numbers and of JSON."""
    of_json = IndexJsonKeyConfig(index_all=True)
    return IndexConfig(7, IndexLineConfig(SEPARATORS), {
        "message": IndexKeyConfig(SEPARATORS, doc_value=True),
        "number": IndexKeyConfig(index_type="long", doc_value=True),
        "json": IndexKeyConfig(SEPARATORS, index_type="json", json_key_config=of_json),
    })  # fmt: skip


def item(number: int) -> LogItem:
    """One of some logs."""
    return LogItem(FIRST + number, contents=[
        ("message", f"hello number {number}"), ("number", str(number)),
        ("json", json.dumps({"a": {"b": number}})),
    ])  # fmt: skip


def user(number: str) -> ResourceRecord:
    """A record."""
    return ResourceRecord("them", "them", {"user_id": number})


def run(signature: str, client: LogClient) -> None:
    """All calls, in a project of their own."""
    project = f"foreign-{signature}"
    stored = (project, STORE)

    def found(query: str = "", **more: object) -> object:
        return client.get_log(*stored, *SPAN, query=query, **more)

    def put(logs: list[LogItem], topic: str, **more: object) -> object:
        return client.put_logs(PutLogsRequest(*stored, topic, "1.2.3.4", logs, **more))

    call(f"{signature} create_project", lambda: client.create_project(project, "a foreigner's"))
    refused(f"{signature} create_project twice", lambda: client.create_project(project, "x"),
            "ProjectAlreadyExist")  # fmt: skip
    call(f"{signature} get_project", lambda: client.get_project(project), patient=True)
    call(f"{signature} list_project", lambda: client.list_project(project_name_pattern="foreign"),
         lambda answer: answer.get_total() >= 1)  # fmt: skip
    call(f"{signature} update_project", lambda: client.update_project(project, "changed"))
    call(f"{signature} tag_project", lambda: client.tag_project(project, a="b"))
    call(f"{signature} get_project_tags", lambda: list(client.get_project_tags(project)),
         lambda answer: answer[0].get_tags() == {"a": "b"})  # fmt: skip
    call(f"{signature} untag_project", lambda: client.untag_project(project, "a"))
    call(f"{signature} create_logstore",
         lambda: client.create_logstore(*stored, ttl=30, shard_count=2))  # fmt: skip
    refused(f"{signature} create_logstore twice", lambda: client.create_logstore(*stored),
            "LogStoreAlreadyExist")  # fmt: skip
    call(f"{signature} get_logstore", lambda: client.get_logstore(*stored),
         lambda answer: (answer.get_ttl(), answer.get_shard_count()) == (30, 2),
         patient=True)  # fmt: skip
    call(f"{signature} list_logstore", lambda: client.list_logstore(project),
         lambda answer: answer.get_logstores() == [STORE])  # fmt: skip
    call(f"{signature} update_logstore", lambda: client.update_logstore(*stored, ttl=60))
    refused(f"{signature} get_index_config of none", lambda: client.get_index_config(*stored),
            "IndexConfigNotExist", patient=True)  # fmt: skip
    call(f"{signature} create_index", lambda: client.create_index(*stored, index()), patient=True)
    call(f"{signature} get_index_config", lambda: client.get_index_config(*stored),
         lambda answer: "number" in answer.get_index_config().key_config_list)  # fmt: skip
    call(f"{signature} update_index", lambda: client.update_index(*stored, index()))
    call(f"{signature} put_logs", lambda: put([item(each) for each in range(10)], "many"))
    call(f"{signature} put_logs as they are",
         lambda: put([item(1), item(2)], "plain", compress=False))  # fmt: skip
    call(f"{signature} put_logs with tags",
         lambda: put([item(3)], "tagged", logtags=[("k", "v")]))  # fmt: skip
    while found().get_count() < 13 and time.time() < FIRST + 90:
        time.sleep(0.2)  # as on an account, a log is found a moment later
    call(f"{signature} get_log", found,
         lambda answer: answer.get_count() == 13 and answer.is_completed())  # fmt: skip
    call(f"{signature} get_log by topic", lambda: found(topic="plain"),
         lambda answer: answer.get_count() == 2)  # fmt: skip
    call(f"{signature} get_log, the last first",
         lambda: found("message: hello", topic="many", reverse=True, size=1),
         lambda answer: answer.get_logs()[0].get_contents()["number"] == "9")  # fmt: skip
    call(f"{signature} get_log by JSON", lambda: found("json.a.b: 7"),
         lambda answer: answer.get_count() == 1)  # fmt: skip
    call(f"{signature} get_log has time, source and tags", lambda: found(topic="tagged"),
         lambda answer: [(each.get_time(), each.get_source(), each.get_contents()["__tag__:k"])
                         for each in answer.get_logs()] == [(FIRST + 3, "1.2.3.4", "v")]
    )  # fmt: skip
    call(f"{signature} get_logs",
         lambda: client.get_logs(GetLogsRequest(*stored, *SPAN, "", "hello", 3, 2, False)),
         lambda answer: answer.get_count() == 3)  # fmt: skip
    call(f"{signature} get_histograms",
         lambda: client.get_histograms(GetHistogramsRequest(*stored, *SPAN, "", "hello")),
         lambda answer: answer.get_total_count() == 13)  # fmt: skip
    refused(f"{signature} get_log, no query", lambda: found("(a"), "InvalidQueryString")
    refused(f"{signature} get_log, no such field", lambda: found("other: a"), "ParameterInvalid")
    call(f"{signature} create_resource_record",
         lambda: client.create_resource_record(TABLE, user("1")))  # fmt: skip
    call(f"{signature} list_resource_records", lambda: client.list_resource_records(TABLE),
         lambda answer: answer.get_total() == 1)  # fmt: skip
    call(f"{signature} get_resource_record", lambda: client.get_resource_record(TABLE, "them"))
    call(f"{signature} update_resource_record",
         lambda: client.update_resource_record(TABLE, user("2")))  # fmt: skip
    call(f"{signature} delete_resource_record",
         lambda: client.delete_resource_record(TABLE, ["them"]))  # fmt: skip
    call(f"{signature} delete_index", lambda: client.delete_index(*stored))
    call(f"{signature} delete_logstore", lambda: client.delete_logstore(*stored))
    call(f"{signature} delete_project", lambda: client.delete_project(project))


for name, options in {
    "v1": {},
    "v4": {"auth_version": AUTH_VERSION_4, "region": os.environ["ALIBABA_CLOUD_REGION_ID"]},
}.items():
    made = LogClient(
        urlsplit(os.environ["ALICLOUD_LOCAL_LOG_ENDPOINT"]).netloc,
        os.environ["ALIBABA_CLOUD_ACCESS_KEY_ID"],
        os.environ["ALIBABA_CLOUD_ACCESS_KEY_SECRET"],
        **options,
    )
    made._isRowIp = True  # it sees that of an address without a port alone
    run(name, made)
