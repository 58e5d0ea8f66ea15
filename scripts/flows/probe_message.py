"""What a probe learns of a message that fails: how it reaches the function, and is retried.

The message is a finding of our rule about a bucket of the probe's, in a region that there is not:
the function refuses it before it asks anybody anything. It comes to be in the failure queue, and is
taken out again.
"""

import json
import math
import time
from collections.abc import Iterable, Sequence
from datetime import datetime, timezone
from typing import Any

from resource_repair import notification
from resource_repair.values import BUCKET, ENFORCE, FAILED
from scripts.account import audit_trail, own_bucket
from scripts.account.deployed_function import GET, DeployedFunction
from scripts.account.findings import rule_ids
from scripts.account.mailbox import RECEIVE, RELEASE, REMOVE, Message, opened
from scripts.account.topic import PUBLISH, publish
from scripts.context import Context
from scripts.decide.envelope import failure_in
from scripts.declared import Spec
from scripts.errors import CloudError, Problem
from scripts.flows.drain import drain
from scripts.flows.probing import UNDER_WAY, Came, Probe, Unanswered
from scripts.patience import Progress, wait

PERMISSIONS = (GET, PUBLISH, *audit_trail.PERMISSIONS, RECEIVE, RELEASE, REMOVE)

KEYS = ("cloud_config_body", "retry_keeps_request_id", "published_body")
NO_REGION = "no region"  # as no region is called, so that no request is made
_RETRIES = 3  # where s.yaml declares none; Function Compute, "Retry policies"
_HOLD = 60  # seconds
PLAIN, BASE64, OTHER = "plain", "base64", "other"


def of_message(probe: Probe) -> None:
    """Ask what takes a message; nothing is sent unless it would come back."""
    context = probe.context
    try:
        if not (why := _obstacle(context)):
            waiting = _listed(context)  # what may not be taken out again is not sent
    except CloudError as error:
        why = probe.failed(error)
    if why:
        probe.skip(KEYS, why)
        return
    probe.ask("cloud_config_body", lambda: _cloud_config_body(waiting))
    message = _OwnMessage(context)
    try:
        if probe.ask("retry_keeps_request_id", message.retried):
            probe.ask("published_body", message.published_body)
    finally:
        if message.may_stay:
            probe.stays("the message of this run may come into the failure queue yet")
    probe.skip(KEYS, "the message was not seen to fail")


def _obstacle(context: Context) -> str:
    """Why no message can be sent; empty if one can. Raises CloudError."""
    spec = context.spec
    if not (spec.failure_queue and spec.service.logs):
        return "s.yaml declares no failure queue, or no logs"
    if not spec.function.environment.get("prepareRuleId"):
        return "there is no rule"
    live = DeployedFunction.find(spec, context.clients)
    if live is None:
        return "the function is not deployed"
    if live.mode != ENFORCE:
        return f"the function runs in mode {live.mode}"
    if rule_ids(spec)[0] not in live.settings.rule_ids:
        return "the function is deployed for another rule"
    return ""


def _runs(spec: Spec) -> int:
    config = spec.function.async_config
    return 1 + (config.retries if config else _RETRIES)


class _OwnMessage:
    """The message of a run: it is sent, seen to fail, and taken out of the failure queue."""

    def __init__(self, context: Context) -> None:
        self.may_stay = False
        self._context = context
        self._name = own_bucket.new_name(context.clients.account_id)
        self._runs = _runs(context.spec)
        self._since = datetime.now(timezone.utc) - audit_trail.SKEW

    def retried(self) -> Came:
        """Send it, and see every run of it; raises Unanswered, and CloudError."""
        context, runs = self._context, self._runs
        if runs == 1:
            raise Unanswered("s.yaml declares no retries")
        self._request_ids()  # what may not be read is refused before it is sent
        self.may_stay = True
        publish(context.clients, context.spec.topic, _finding(context.spec, self._name))
        ids: list[str] = []

        def look() -> Progress:
            ids[:] = self._request_ids()
            return Progress(f"{len(ids)} of {runs} runs of the message seen", len(ids) >= runs)

        seen = wait(look, context.console, context.options.timeout)
        different = len(set(ids))
        # A topic may deliver twice: two runs with two ids can be of two deliveries.
        if not seen and different == len(ids):
            raise Unanswered(f"{len(ids)} of {runs} runs of the message were seen in time")
        return Came(different < len(ids), f"{len(ids)} runs, {different} request ids")

    def published_body(self) -> Came:
        """How it was when it reached the function; it and old ones are taken out."""
        context = self._context
        found: list[Message] = []
        old: list[Message] = []

        def look() -> Progress:
            listed = _listed(context)
            found[:] = [each for each in listed if _bucket_of(each) == self._name]
            old[:] = [each for each in listed if _is_left(context, each, UNDER_WAY)]
            words = "the message is waited for in the failure queue"
            return Progress(words, bool(found) and len(found) >= self._deliveries())

        came = wait(look, context.console, context.options.timeout)
        taken_out = take_out(context, found + old)
        self.may_stay = not (came and taken_out)
        if not found:
            raise Unanswered("the message did not come into the failure queue in time")
        return Came(_form(failure_in(found[0].body).event), "as the failure queue has it")

    def _deliveries(self) -> int:
        return math.ceil(len(self._request_ids()) / self._runs)

    def _request_ids(self) -> list[str]:
        """Of each of its runs that are in the log."""
        until = datetime.now(timezone.utc) + audit_trail.SKEW
        context = self._context
        lines = audit_trail.read(
            context.clients, context.spec, self._since, until, bucket=self._name
        )
        return [line.request_id for line in lines if line.outcome == FAILED]


def _finding(spec: Spec, bucket: str) -> bytes:
    now = round(time.time() * 1000)
    resource = {
        "configRuleId": rule_ids(spec)[0],
        "configRuleName": spec.rule_name,
        "resourceId": bucket,
        "resourceName": bucket,
        "resourceType": BUCKET,
        "regionId": NO_REGION,
        "resourceOwnerId": int(spec.account_id),
        "captureTime": now,
    }
    message = {
        "eventType": "ResourceCompliance",
        "complianceType": "NON_COMPLIANT",
        "accountId": int(spec.account_id),
        "notificationCreationTime": now,
        "evaluationResultIdentifier": {
            "orderingTimestamp": now,
            "evaluationResultQualifier": resource,
        },
    }
    return json.dumps(message).encode()


def _cloud_config_body(waiting: Iterable[Message]) -> Came:
    """By what waits in the failure queue; what somebody sent by hand cannot be told from it."""
    others = [failure_in(each.body) for each in waiting if not _bucket_of(each)]
    forms = {_form(each.event) for each in others if each.findings and each.event}
    if len(forms) != 1:
        waits = "findings of several forms wait" if forms else "no finding waits"
        raise Unanswered(f"{waits} in the failure queue: it is told by one that does")
    return Came(forms.pop(), f"{len(others)} messages looked at")


def left(context: Context) -> list[Message]:
    """The messages that probes left in the failure queue; none where there is no such queue.

    To be seen each is received, and let go of. Raises CloudError.
    """
    if not context.spec.failure_queue:
        return []
    try:
        found = _listed(context)
    except CloudError:
        raise
    except Problem:  # there is no queue
        return []
    return [each for each in found if _is_left(context, each)]


def _is_left(context: Context, message: Message, since: float = 0) -> bool:
    ours = own_bucket.is_own_name(context.clients.account_id, _bucket_of(message))
    return ours and time.time() - message.arrived_at >= since


def take_out(context: Context, messages: Sequence[Message]) -> bool:
    """Remove these from the failure queue; whether all are: one that others hold stays."""
    if not messages:
        return True
    with opened(context.clients, str(context.spec.failure_queue)) as mailbox:
        handled = list(drain(mailbox, [each.id for each in messages], lambda _: "", _HOLD))
    return sum(each.removed for each in handled) == len(messages)


def _listed(context: Context) -> list[Message]:
    with opened(context.clients, str(context.spec.failure_queue)) as mailbox:
        return mailbox.listed()


def _bucket_of(message: Message) -> str:
    """The bucket that a probe's message is about; empty for whatever else it is."""
    found = failure_in(message.body).findings
    if len(found) == 1 and found[0].region == NO_REGION:
        return found[0].resource_id
    return ""


def _form(event: bytes) -> str:
    """Whether the body in an event is JSON as it is, or the base64 of it."""
    text: Any = event.decode("utf-8", "replace")
    told = _json(text)
    if isinstance(told, dict):
        text = told.get("Message", told.get("body", text))
    if isinstance(_json(text), dict):
        return PLAIN
    inner = notification.from_base64(str(text))
    return BASE64 if inner and isinstance(_json(inner), dict) else OTHER


def _json(text: str | bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
