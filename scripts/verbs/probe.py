"""Ask the account what documentation leaves open, on a bucket of its own, and write it down.

After a plan and a yes it makes a bucket that holds nothing, lifts Block Public Access from it,
opens it for seconds (with --rule by its policy, for as long as Cloud Config takes), and deletes it.
Nothing else of the account is changed. Where all is deployed and in mode enforce, a finding about
such a bucket is sent through the topic, which the function refuses, retries and keeps; it is taken
out of the failure queue again. That may wake who is woken by alerts. What was stopped in the middle
is found by the next run, or by --clean, and taken away.
"""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from scripts import ROOT
from scripts.account import own_bucket
from scripts.account.endpoints import Endpoints
from scripts.account.mailbox import Message
from scripts.account.own_bucket import Leftover, OwnBucket
from scripts.account.permission import union
from scripts.context import LONGEST, Acting, Context, Ended, Verb, finite, show_unread
from scripts.declared import files
from scripts.errors import CloudError, UsageError
from scripts.flows import probe_bucket, probe_message, probing
from scripts.flows.probing import QUESTIONS, UNDER_WAY, Came, Probe
from scripts.patience import TIMEOUT
from scripts.terminal import Exit, plain
from scripts.words import count

SCHEMA = 1  # of the file

_OUTPUT = ROOT / "build" / "probe.json"


@dataclass(frozen=True, kw_only=True)
class Options(Acting):
    """What it takes."""

    output: Annotated[Path, Parameter(help="the file; default: build/probe.json")] = _OUTPUT
    rule: Annotated[
        bool, Parameter(help="ask what the rule tests, too: its bucket is public for minutes")
    ] = False
    clean: Annotated[
        bool, Parameter(help="ask nothing: take away what a probe left, however young it is")
    ] = False
    timeout: Annotated[
        float,
        Parameter(
            help=f"for the rule, and for the message; default: {TIMEOUT:g}",
            converter=finite(0, LONGEST),
        ),
        "SECONDS",
    ] = TIMEOUT

    def check(self) -> None:
        """Raise UsageError where nothing could be written in the end, before anything is made."""
        folder = next(each for each in self.output.absolute().parents if each.exists())
        if self.output.is_dir() or not (folder.is_dir() and os.access(folder, os.W_OK)):
            raise UsageError(f"{self.output} cannot be written: name another file")


class _Left:
    """What earlier probes left: their buckets, and their messages in the failure queue."""

    def __init__(self, context: Context, probe: Probe) -> None:
        older = 0.0 if context.options.clean else UNDER_WAY
        self.buckets: list[Leftover] = []
        self.messages: list[Message] = []
        try:
            found = list(own_bucket.leftovers(context.clients))
            self.buckets = [each for each in found if each.age >= older]
            for each in found:
                if each.age < older:
                    context.console.say(
                        f"left {each.name} alone: made {each.age / 60:.0f} minutes ago, it may be "
                        "of a probe under way; else `resource-repair probe --clean` deletes it"
                    )
            if context.options.clean:
                self.messages = probe_message.left(context)
        except CloudError as error:
            probe.failed(error)

    def steps(self) -> list[str]:
        """What is done about it, in words."""
        told = [f"close and delete {each.name}, which a probe left" for each in self.buckets]
        if self.messages:
            what = count(len(self.messages), "message")
            told.append(f"take {what} of a probe out of the failure queue")
        return told

    def take_away(self, context: Context, probe: Probe) -> None:
        """Take it away; what stays is told."""
        for each in self.buckets:
            try:
                if probe_bucket.take_away(context, OwnBucket(context.clients, each.name, each)):
                    context.console.say(f"deleted {each.name}")
            except CloudError as error:
                probe.failed(error)
        try:
            if not probe_message.take_out(context, self.messages):
                probe.stays("a message of a probe is held by others just now")
        except CloudError as error:
            probe.failed(error)


@dataclass(frozen=True)
class Report:
    """Where the file is (None: there is none), what was to be done, and each question's answer."""

    output: Path | None
    would: Sequence[str]
    questions: Mapping[str, Came]


def _probe(context: Context) -> Ended:
    console, options = context.console, context.options
    probe = Probe(context)
    left = _Left(context, probe)
    steps = left.steps() + ([] if options.clean else _steps(context))
    for step in steps:
        console.say(f"would {step}")
    if not steps:
        if probe.sound:
            console.say("nothing to do: no probe left anything", "green")
    elif not (console.dry_run or console.confirm("Do this?")):
        console.say("nothing was done")
        return Ended(Exit.PROBLEM, Report(None, steps, {}))
    elif not console.dry_run:
        context.act()
        left.take_away(context, probe)
        if not options.clean:
            _ask(context, probe)
    show_unread(context, VERB, probe.failures)
    told = probe.answers()
    end = Exit.DONE if probe.sound else Exit.PROBLEM
    return Ended(end, Report(options.output if told else None, steps, told))


def _steps(context: Context) -> list[str]:
    """The plan."""
    options = context.options
    acl = probe_bucket.OPEN_FOR
    policy = 2 * acl + (options.timeout if options.rule else 0)
    steps = [
        f"make the bucket {own_bucket.ANY_NAME}, tag it, and put nothing into it",
        "switch its Block Public Access on and off",
        f"have it public by its policy for {policy:.0f} s at most, and by its ACL for {acl:.0f} s "
        "of these, as long as OSS answers",
        "make another one by PutBucketAcl, private, and delete it",
        "close the bucket and delete it, however that ends: it is there for some minutes",
        "read which Cloud Config, Log Service and Function Compute answer",
        "publish a finding about such a bucket, where all is deployed and in mode enforce; wait "
        "for its retries, and take it, and what a probe left, out of the failure queue",
        f"write {options.output}",
    ]
    context.console.say(
        "the alerts `unsettled` and `kept` may fire once for the finding"
        + (", and `told` for the public policy" if options.rule else ""),
        "yellow",
    )
    return steps


def _ask(context: Context, probe: Probe) -> None:
    context.console.so_far(lambda: Report(None, (), probe.answers()))
    began = datetime.now(timezone.utc).replace(microsecond=0)
    probe_bucket.of_bucket(probe)
    probing.of_services(probe)
    probe_message.of_message(probe)
    told = {key: {"question": QUESTIONS[key], **asdict(probe.answers()[key])} for key in QUESTIONS}
    document = {
        "schema": SCHEMA,
        "probed_at": began,
        "region": context.clients.region,
        "local_cloud": Endpoints.from_environment(context.environ).local,
        "questions": told,
    }
    path = context.options.output
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        files.replace(path, json.dumps(plain(document), indent=2, sort_keys=True) + "\n")
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}; name another one") from None
    answered = [key for key in QUESTIONS if probe.answers()[key].not_asked is None]
    context.console.say(f"wrote {path}: {len(answered)} of {len(QUESTIONS)} questions answered")


VERB = Verb(
    "probe",
    __doc__ or "",
    union(probe_bucket.PERMISSIONS, probing.PERMISSIONS, probe_message.PERMISSIONS),
    Options,
    _probe,
    rule_id_known=False,
)
