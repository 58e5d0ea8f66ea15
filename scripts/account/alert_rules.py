"""What somebody is woken for: the one table from which provision makes Log Service's alerts.

Log Service runs the query of each every so often, over the time that it looks back on, and fires
for each row that comes of it (page "Data structure of an alert rule"). A query may look back for 24
hours and no more (page "Alert overview", its limits): a week of silence is seven silent days.

That each fires once on its cause: the rows of an alert are told apart by what it is `about`, and
the same row is notified again after `QUIET` only, which is longer than any of them looks back (page
"Deduplicate alerts", its repeat interval). While our function is on both Function Computes each
message is handled by both, in a request of each: so what is told by request is told of the spec's
own function alone. (`unreadable` on 2.0 tells of all, as accounts have it, so that none needs a
provision for it; but where it told of 3.0's before, this is a move back, and it tells of its own.)

What waits in the failure queue is in no log: MNS is not seen from here. But Function Compute puts
a message there when its last run has failed, and of each run, one that was killed at its timeout or
for want of memory too, it writes a line (page "Request-level metric logs"): so many failed runs of
one request are one message that was given up. Whether it came into the queue no line tells: what
Function Compute hands over has 64 KB at most, with its own words, and what is longer is dropped.
"""

from collections.abc import Mapping
from typing import NamedTuple

from resource_repair.naming import BUCKET_NAME
from resource_repair.values import OTHER_RULE, REPAIRED, TOLD
from scripts.declared import Generation, Spec

# What audit lines have of themselves, and what the line of a test is called: both are JSON in the
# field `message`, and are searched and counted by these of its names.
MESSAGE = "message"
IN_MESSAGE = (
    *("event", "outcome", "reason", "bucket", "rule_name", "request_id", "test_id"),
    *("acl_before", "acl_after", "reported_at"),
)
NO_NAME = "NO-BUCKET-NAME"
"""What stands in a text for an id that no bucket can have: `audit` shows the id itself."""

# What Function Compute says of a run.
OF_A_RUN = ("functionName", "requestId", "invocationType", "hasFunctionError")

OF_ONE = "functionName: "
"""What a query has that tells of one function alone."""

TEST_EVENT = "resource_repair_test_alert"
TEST = "test"

_BURST = 20  # so many repairs within an hour wake nobody
QUIET = "48h"
_DAY, _OFTEN = "24h", "5m"
_AUDIT = f"{MESSAGE}.event: resource_repair"
# Whatever is left for a person to see to besides, as with a public policy.
# What other remediations than the ACL's repaired was not closed, and has no ACL in its line.
_CLOSED = (
    f"({MESSAGE}.outcome: repaired and ({MESSAGE}.acl_after: private or {MESSAGE}.acl_after: "
    f'"public-read")) or ({MESSAGE}.acl_after: private and '
    f'({MESSAGE}.acl_before: "public-read" or {MESSAGE}.acl_before: "public-read-write"))'
)

# The texts have commands to copy, and a finding's id may be anything (`shop; curl …|sh #`). Page
# "Regular expression functions": RE2, where `$` is the end of the text alone.
_BUCKET = (
    f"case when regexp_like(\"{MESSAGE}.bucket\", '^{BUCKET_NAME}$') "
    f"then \"{MESSAGE}.bucket\" else '{NO_NAME}' end"
)

# One opening is one finding, that may be delivered several times at once: each closes the bucket.
_OPENING = f'distinct coalesce(nullif("{MESSAGE}.reported_at", \'null\'), "{MESSAGE}.request_id")'

# Page "Alert severity".
_MEDIUM, _HIGH, _CRITICAL = 6, 8, 10


class AlertRule(NamedTuple):
    """An alert. `every` and `looks_back` are durations as Log Service writes them (`5m`, `24h`).

    It fires for each row of `query` or, with a `condition`, for each that meets it, once it has
    done so `in_a_row` times. `about` are the columns that tell one row's cause from another's;
    `text` is what is read by whoever is woken, with a row's columns as `${column}`.
    """

    name: str
    title: str
    text: str
    query: str
    about: tuple[str, ...]
    severity: int
    every: str = _OFTEN
    looks_back: str = _DAY
    condition: str = ""
    in_a_row: int = 1
    after_move: str = ""  # the query in place of that, where what is live has `OF_ONE`


def alert_rules(spec: Spec) -> Mapping[str, AlertRule]:
    """The alerts of a spec, by what they are called here; their names are those of its service."""
    prefix = spec.service.name.lower().replace("_", "-")
    retries = spec.function.async_config.retries if spec.function.async_config else 0
    where = "it is lost: s.yaml declares no failure queue"
    if spec.failure_queue:
        where = (
            f"it waits in {spec.failure_queue}, or was dropped if that was too long (64 KB with "
            "what Function Compute adds)"
        )
    rule_name = spec.rule_name.replace("'", "''")
    of_ours = f'{OF_ONE}"{spec.function_in_cloud}"'
    unreadable = f"{_AUDIT} and {_any_of('unreadable')}"
    counted = f" | {_counted('lines', 'request_id')}"
    of_one = f"{unreadable} and {of_ours}{counted}"
    alone = spec.generation is Generation.FC3
    failed_run = f"{of_ours} and invocationType: Async and hasFunctionError: true"
    rules = (
        # Guessed: that a retry keeps the id of its request. If not, this one never fires.
        AlertRule(
            "kept",
            "A message was given up",
            f"Every run of request ${{requestId}} failed (${{runs}} of them). Of its message: "
            f"{where}. See: resource-repair doctor, resource-repair audit; what is in no queue is "
            "closed by resource-repair sweep --due",
            f"{failed_run} | select requestId, count(1) as runs group by requestId "
            f"having count(1) > {retries}",
            ("requestId",),
            _CRITICAL,
        ),
        AlertRule(
            "unsettled",
            "A bucket could not be closed",
            "Bucket ${bucket}: ${outcome}. See: resource-repair status --bucket ${bucket}, "
            "resource-repair audit",
            f"{_AUDIT} and ({_any_of('failed', 'denied')}) | "
            f"{_counted('lines', 'bucket', 'outcome')}",
            ("bucket", "outcome"),
            _HIGH,
        ),
        AlertRule(
            "told",
            "A bucket needs somebody to look at it",
            "Bucket ${bucket}: ${outcome}. Nothing tries it again. See: docs/outcomes.md; "
            "resource-repair status --bucket ${bucket}, resource-repair audit",
            f"{_AUDIT} and ({_any_of(*sorted(TOLD))}) | {_counted('lines', 'bucket', 'outcome')}",
            ("bucket", "outcome"),
            _HIGH,
        ),
        AlertRule(
            "unreadable",
            "A message, or a part of one, could not be read",
            "Nothing in the message of request ${request_id} makes sense, and nobody tries it "
            "again. See: resource-repair audit",
            of_one if alone else f"{unreadable}{counted}",
            ("request_id",),
            _MEDIUM,
            after_move="" if alone else of_one,
        ),
        AlertRule(
            "reopened",
            "Somebody keeps reopening a bucket",
            "Bucket ${bucket} was closed ${repairs} times within a day. See: "
            "resource-repair status --bucket ${bucket}",
            f"{_AUDIT} and ({_CLOSED}) | {_counted('repairs', 'bucket', each=_OPENING)} "
            f"having count({_OPENING}) > 2",
            ("bucket",),
            _HIGH,
        ),
        AlertRule(
            "burst",
            "Many buckets were changed within an hour",
            "${repairs} findings were repaired within an hour. If that is not meant: "
            "resource-repair pause, which stops all of it. See: resource-repair audit --since 1h",
            f"{_AUDIT} and {_any_of(REPAIRED)} | select count(1) as repairs",
            (),
            _HIGH,
            looks_back="1h",
            condition=f"repairs > {_BURST}",
        ),
        AlertRule(
            "replaced",
            "Findings come of another rule of our rule's name",
            f"A rule {spec.rule_name} reports buckets, and the function leaves them alone: its id "
            "is not the one that it waits for. A rule that is made again has another id. See: "
            "resource-repair doctor, then resource-repair provision and a deploy",
            f"{_AUDIT} and {MESSAGE}.outcome: ignored | select count(1) as lines "
            f"where \"{MESSAGE}.rule_name\" = '{rule_name}' "
            f"and \"{MESSAGE}.reason\" like '{OTHER_RULE}%'",
            (),
            _CRITICAL,
            condition="lines > 0",
        ),
        # What the function ignores proves nothing: other rules' findings come by the same topic.
        AlertRule(
            "silence",
            "No finding of our rule for a week",
            "Nothing was found, or nothing comes through any more. See: resource-repair doctor, "
            "resource-repair verify --loop",
            f"{_AUDIT} not {MESSAGE}.outcome: ignored | select count(1) as lines",
            (),
            _MEDIUM,
            every=_DAY,
            condition="lines == 0",
            in_a_row=7,
        ),
        AlertRule(
            TEST,
            "This is a test",
            "Somebody ran resource-repair test-alert (${test_id}). Nothing is wrong.",
            f"{MESSAGE}.event: {TEST_EVENT} | {_counted('lines', 'test_id')}",
            ("test_id",),
            _MEDIUM,
            every="1m",
            looks_back="15m",
        ),
    )
    return {rule.name: rule._replace(name=f"{prefix}-{rule.name}") for rule in rules}


def _any_of(*outcomes: str) -> str:
    return " or ".join(f"{MESSAGE}.outcome: {outcome}" for outcome in outcomes)


def _counted(total: str, *names: str, each: str = "1") -> str:
    """How many lines there are of each, or what else is counted, the columns called as in it."""
    columns = [_BUCKET if name == "bucket" else f'"{MESSAGE}.{name}"' for name in names]
    shown = ", ".join(f"{column} as {name}" for column, name in zip(columns, names, strict=True))
    return f"select {shown}, count({each}) as {total} group by {', '.join(columns)}"
