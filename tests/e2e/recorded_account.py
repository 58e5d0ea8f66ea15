"""An account as an earlier version of the project left it, from tests/taken_over.

It is laid down and read by the services' own SDKs, with clients made here: nothing of the project
has a part in it, so that what is laid down stays what was recorded, whatever becomes of the
project. (The bundle is today's, with the exemptions that were recorded: the code is not what is
taken over.)

All that was recorded is moved on by whole days, to within the last one: no exemption in it ends.
"""

import base64
import importlib
import io
import json
import re
import time
import urllib.request
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, NamedTuple

from alibabacloud_credentials.client import Client as Credentials
from alibabacloud_credentials.models import Config as CredentialsConfig
from alibabacloud_sls20201230 import models as sls
from alibabacloud_tea_openapi.models import Config
from mns.account import Account
from mns.queue import Message
from Tea.exceptions import TeaException

from scripts.localcloud import LocalCloud

FOLDER = Path(__file__).parents[1] / "taken_over"
PROJECT, STORE = "resource-repair-1208863178610000", "audit"
QUEUE = "resource-repair-failed"
RULE = "test-oss-bucket-public-read-prohibited"
SERVICE, FUNCTION = "resource_repair", "oss_repair_acl_trigger"
EXEMPTIONS = "resource_repair/exemptions.json"  # in the function's zip

_SDKS = {
    "fc": "alibabacloud_fc_open20210406",
    "ram": "alibabacloud_ram20150501",
    "config": "alibabacloud_config20200907",
    "mns": "alibabacloud_mns_open20220119",
    "log": "alibabacloud_sls20201230",
}
_DAY = re.compile(r"\b20\d\d-\d\d-\d\d(?=\b|T)")
_MILLISECONDS = re.compile(r"\b1[6-9]\d{11}\b")
_FOUND_WITHIN = 2  # seconds of the cloud's time, once a log is written
_GONE = re.compile("NotExist|NotFound|NoSuch")
_MISSED = re.compile("NotExist|does not exist|Unreachable|cannot be assumed")
_TRIES = 9
# What another account, or another hour, tells otherwise.
_IDS = {"DeliveryChannelId", "RequestId", "RoleId", "functionId", "serviceId", "triggerId"}
_TIMES = {
    *("CreateDate", "CreateTime", "LastModifyTime", "UpdateDate"),
    *("createTime", "createdTime", "lastModifiedTime", "lastModifyTime"),
}
_HAPPENINGS = {
    *("ActiveMessages", "DelayMessages", "InactiveMessages", "MessageCount"),
    *("Compliance", "ConfigRuleState"),
}
_CODE = {"codeChecksum", "codeSize"}  # what is built today
_OF_ITS_OWN = _IDS | _TIMES | _HAPPENINGS | _CODE


class Resource(NamedTuple):
    """What was recorded: the call that makes it, the one that reads it, and what to pick of that.

    A call is a service, an operation and its arguments; `pick` a field that has the answer's part.
    """

    name: str
    made: Sequence[Any]
    read: Sequence[Any]
    pick: Sequence[str] = ()


class Recorded:
    """What was recorded, as text that was moved on to today."""

    def __init__(self) -> None:
        plain = json.loads((FOLDER / "account.json").read_text("utf-8"))
        recorded = datetime.fromisoformat(plain["recorded_at"])
        self._days = (datetime.now(timezone.utc) - recorded).days
        account = json.loads(self._moved("account.json"))
        self.resources = [Resource(**each) for each in account["resources"]]
        self.beside = [Resource(**each) for each in account["beside"]]
        (function,) = (each.made for each in self.resources if each.made[1] == "create_function")
        self.environment: Mapping[str, str] = function[-1]["CreateFunctionRequest"][
            "environmentVariables"
        ]
        self.buckets: Mapping[str, str] = account["buckets"]
        self.lines = self._moved("audit.jsonl").splitlines()
        self.messages = self._moved("queue.jsonl").splitlines()
        self.settings = self._moved("env")
        self.reviewed = self._moved("exemptions.yaml")
        self.compiled = self._moved("exemptions.json")

    def unmarked(self) -> None:
        """Let all of it have been made by somebody else, under the same names."""
        text = json.dumps(self.resources).replace("resource-repair-provision", "somebody-else")
        self.resources = [Resource(*each) for each in json.loads(text)]

    def _moved(self, name: str) -> str:
        text = (FOLDER / name).read_text("utf-8")
        span = timedelta(days=self._days)
        text = _DAY.sub(lambda day: str(date.fromisoformat(day[0]) + span), text)
        ms = self._days * 86_400_000
        return _MILLISECONDS.sub(lambda moment: str(int(moment[0]) + ms), text)


class Sdks:
    """The SDKs' clients on a local cloud; `names` stand in what was recorded as `${name}`."""

    def __init__(self, cloud: LocalCloud, **names: str) -> None:
        self.names = {"fc": cloud.endpoints.fc, **names}
        self._cloud = cloud
        self._clients = {service: _client(cloud, service) for service in _SDKS}

    def call(self, call: Sequence[Any]) -> Any:
        """Do what was recorded; gives the answer's body. Raises what the SDK does."""
        service, operation, *arguments = json.loads(self.named(json.dumps(call)))
        models = importlib.import_module(f"{_SDKS[service]}.models")
        given = []
        for each in arguments:
            if isinstance(each, dict):
                ((model, fields),) = each.items()
                each = getattr(models, model)().from_map(fields)  # noqa: PLW2901
            given.append(each)
        answer = getattr(self._clients[service], operation)(*given)
        return getattr(answer, "body", None)  # some answers have none

    def named(self, text: str) -> str:
        """The text with the names' values for the names."""
        for name, value in self.names.items():
            text = text.replace(f"${{{name}}}", value)
        return text

    def find_rule(self) -> str:
        """The id of the rule, which the cloud gives it: what `${rule}` stands for from then on."""
        body = self.call(["config", "list_config_rules", {"ListConfigRulesRequest": {}}])
        (rule,) = (
            each.config_rule_id
            for each in body.config_rules.config_rule_list
            if each.config_rule_name == RULE
        )
        self.names["rule"] = str(rule)
        return self.names["rule"]

    def told(self, resources: Sequence[Resource]) -> dict[str, Any]:
        """What the services tell of each, by name, without what is its own; None if it is gone."""
        return {each.name: _without_its_own(self._read(each)) for each in resources}

    def _read(self, resource: Resource) -> Any:
        try:
            body = self.call(resource.read)
        except TeaException as error:
            if _GONE.search(str(error)):
                return None
            raise
        told = json.loads(json.dumps(body.to_map()).replace(self.names["rule"], "${rule}"))
        if not resource.pick:
            return told
        name, value = resource.pick
        return next((part for part in parts(told) if part.get(name) == value), None)

    def environment(self) -> dict[str, str]:
        """The live function's environment."""
        asked = ["fc", "get_function", SERVICE, FUNCTION, {"GetFunctionRequest": {}}]
        return dict(self.call(asked).environment_variables)

    def exemptions(self) -> str:
        """Those in the live function's code, to the letter."""
        asked = ["fc", "get_function_code", SERVICE, FUNCTION, {"GetFunctionCodeRequest": {}}]
        url = self.call(asked).url
        assert url.startswith(f"{self._cloud.endpoints.fc}/")
        directly = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with directly.open(url) as answer:
            package = zipfile.ZipFile(io.BytesIO(answer.read()))
        return package.read(EXEMPTIONS).decode()

    def write_logs(self, lines: Sequence[str]) -> None:
        """The lines as Function Compute writes them to the store, one each second until now."""
        begin = int(time.time()) - len(lines)
        items = [
            sls.LogItem(
                time=begin + second,
                contents=[
                    sls.LogContent(key=key, value=value)
                    for key, value in {
                        "serviceName": SERVICE,
                        "functionName": FUNCTION,
                        "qualifier": "LATEST",
                        "versionId": "",
                        "message": line,
                    }.items()
                ],
            )
            for second, line in enumerate(lines)
        ]
        group = sls.LogGroup(log_items=items, topic=SERVICE, source="")
        self._clients["log"].put_logs(PROJECT, STORE, sls.PutLogsRequest(body=group))
        self._cloud.clock.wait(_FOUND_WITHIN)

    def lines(self) -> list[str]:
        """The audit lines in the store, to the letter, oldest first."""
        self._cloud.clock.wait(_FOUND_WITHIN)
        asked = sls.GetLogsV2Request(
            query='"event" and "resource_repair"', from_=0, to=int(time.time()) + 60, line=100
        )
        found = self._clients["log"].get_logs_v2(PROJECT, STORE, asked).body.data or ()
        return [log["message"] for log in found if log["message"].startswith('{"event"')]

    def send(self, bodies: Sequence[str]) -> None:
        """Put messages into the failure queue, as they are."""
        key = self._cloud.credentials
        account = Account(self._cloud.endpoints.mns, key.access_key_id, key.access_key_secret, "")
        queue = account.get_queue(QUEUE)
        queue.set_encoding(False)
        for body in bodies:
            queue.send_message(Message(body))
        queue.mns_client.close_connection()


def package(code: Path, exemptions: str) -> bytes:
    """A function's zip with other exemptions."""
    made = io.BytesIO()
    with zipfile.ZipFile(code) as old, zipfile.ZipFile(made, "w", compresslevel=9) as new:
        for item in old.infolist():
            new.writestr(item, exemptions if item.filename == EXEMPTIONS else old.read(item))
    return made.getvalue()


def lay(cloud: LocalCloud, recorded: Recorded, code: bytes) -> Sdks:
    """Make all that was recorded, and what is beside it, on an empty cloud."""
    for name, acl in recorded.buckets.items():
        cloud.oss.create(name, acl=acl, age=3 * 86400.0)  # older than any finding about it
    sdks = Sdks(cloud, code=base64.b64encode(code).decode())
    for resource in (*recorded.beside, *recorded.resources):
        _make(sdks, resource)
        if resource.name == f"rule {RULE}":
            assert cloud.config.wait_idle(30)  # what it finds now nobody hears
            sdks.find_rule()
    sdks.write_logs([sdks.named(line) for line in recorded.lines])
    sdks.send([sdks.named(body) for body in recorded.messages])
    return sdks


def _make(sdks: Sdks, resource: Resource) -> None:
    """Make it, as often as what it names was just made and is missed."""
    for _ in range(_TRIES):
        try:
            sdks.call(resource.made)
        except TeaException as error:
            if not _MISSED.search(str(error)):
                raise
        else:
            return
    raise AssertionError(f"what {resource.name} names stays unseen")


def _client(cloud: LocalCloud, service: str) -> Any:
    key = cloud.credentials
    endpoint = getattr(cloud.endpoints, service)
    config = Config(
        credential=Credentials(
            CredentialsConfig(
                type="access_key",
                access_key_id=key.access_key_id,
                access_key_secret=key.access_key_secret,
            )
        ),
        endpoint=endpoint.partition("//")[2],
        protocol="http",
        region_id=cloud.region,
        # Log Service's SDK asks <project>.<endpoint>, which is no name on this machine.
        http_proxy=endpoint if service == "log" else None,
    )
    return importlib.import_module(f"{_SDKS[service]}.client").Client(config)


def parts(told: Any) -> Iterator[dict[str, Any]]:
    """All objects in an answer, the outermost first."""
    if isinstance(told, dict):
        yield told
    for each in told.values() if isinstance(told, dict) else told if isinstance(told, list) else ():
        yield from parts(each)


def _without_its_own(told: Any) -> Any:
    if isinstance(told, dict):
        return {
            name: _without_its_own(value) for name, value in told.items() if name not in _OF_ITS_OWN
        }
    return [_without_its_own(each) for each in told] if isinstance(told, list) else told
