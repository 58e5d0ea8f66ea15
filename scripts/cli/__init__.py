"""The command: every verb by its name, its options, its exit code and its answer to programs.

    resource-repair VERB [options]

A verb's module is imported when it is asked for. Exit codes: 0 done, 1 found a problem, 2 used
wrongly. With --json stdout has one document in each of these cases: `version`, `verb`,
`account_id`, `region`, `exit` and `error` (null where there is none) around the verb's own fields.
"""

import difflib
import gc
import importlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from scripts import version
from scripts.errors import CloudError, UsageError
from scripts.terminal import Console, Exit, aside, guarded

if TYPE_CHECKING:  # slow imports, which the page of all verbs does not need
    from scripts.account.clients import Clients, Credentials
    from scripts.context import Check, Ended, Looking, Verb
    from scripts.declared import Spec

COMMAND = "resource-repair"
VERSION = 1  # of the document

PIPELINE = "in a pipeline"
# In the order in which one comes to them.
GROUPS: Mapping[str, Mapping[str, str]] = {
    "set up": {
        "provision": "make everything around the function, from s.yaml; writes .env",
        "fc3": "write s.fc3.yaml, which is s.yaml for Function Compute 3.0",
        "apply": "bring s.yaml to the account without the Serverless Devs client",
        "doctor": "say at which link of the chain a finding would be lost, and what mends it",
        "verify": "compare what is live with s.yaml; --loop proves it on a bucket of its own",
        "test-alert": "send one alert through, to see that somebody would be woken",
        "probe": "ask the account what documentation leaves open, on a bucket of its own",
    },
    "look": {
        "status": "tell how the buckets stand, the worst first, and what mends each",
        "audit": "list what was done in a time span, and totals by outcome",
        "report": "write a page for others: what is open, exempt, repaired",
    },
    "act": {
        "evaluate": "evaluate the rule on demand, told first how many buckets that closes",
        "sweep": "close what was open before, by the deployed function, within limits",
        "redrive": "show what failed, and send it to the function again",
        "pause": "stop closing buckets, at once: findings are recorded alone",
        "resume": "end the pause, told first which buckets are reported",
    },
    "by hand": {
        "undo": "undo the repair of one bucket for good: exemption first, then the ACL",
        "publish": "send an event to the topic, and follow what becomes of it",
        "invoke": "send an event straight to the function, and fail when it did",
    },
    "take away": {
        "remove": "take away what provision and a deploy have made, after a plan",
    },
    PIPELINE: {
        "check-deploy": "refuse what a deploy would get wrong in silence",
        "check-invocation": "judge what `s invoke` printed",
        "check-exemptions": "check the exemptions, and tell which end soon",
        "completion": "print what completes verbs and options in bash, zsh or fish",
    },
}
VERBS = {name: does for group in GROUPS.values() for name, does in group.items()}

_PAGE = f"""\
Closes OSS buckets that Cloud Config finds publicly readable, and proves it.

usage: {COMMAND} VERB [options]
       {COMMAND} VERB --help    what a verb does, its options, the permissions it needs
       {COMMAND} --version
{{verbs}}
Each verb shows first which account and region it works in. What changes something shows what it
would do and asks: --dry-run stops there, --yes does not ask. --json answers with one document.

examples:
  {COMMAND} doctor                    where would a finding be lost?
  {COMMAND} status --bucket my-site   all that is known of one bucket
  {COMMAND} sweep --dry-run           what would be closed, and what that breaks
  {COMMAND} pause --reason "the site moves"

exit codes: 0 done, 1 found a problem, 2 used wrongly
completion: eval "$({COMMAND} completion bash)"   (or zsh)
            {COMMAND} completion fish | source     (in fish)
read more:  README.md, docs/commands.md; what is declared: s.yaml
"""


def main(*arguments: str) -> int:
    """Run the command, for a process of its own; gives the exit code."""
    if _asks_for_help(arguments) or "completion" in arguments[:1]:
        from scripts.account import unloaded  # noqa: PLC0415  (for these alone)

        unloaded.stand_in()
        gc.disable()  # a tenth of the time, for nothing: all of it lives to the end
    return run(*arguments)


def run(
    *arguments: str,
    environ: Mapping[str, str] = os.environ,
    credentials: "Credentials | None" = None,
) -> int:
    """Run the command; gives the exit code.

    `credentials` default to the default chain's.
    """
    if arguments == ("--version",):
        return guarded(lambda console: _print(console, f"{COMMAND} {version()}\n"), Console())
    if _asks_for_help(arguments):
        try:
            text = _usage(arguments)
        except UsageError as error:
            return _refused(str(error), arguments)
        return guarded(lambda console: _print(console, text), Console())
    name, *words = arguments or ("",)
    running = _Run(name if name in VERBS else None, words, environ, credentials)
    console = Console(answer_json=_wants_json(arguments))
    if name == "completion":
        return guarded(lambda console: _print(console, _completion(*words)), console, running.about)
    return guarded(lambda console: running.perform(console, load(name)), console, running.about)


def _refused(why: str, arguments: Sequence[str]) -> int:
    def refuse(_: Console) -> Exit:
        raise UsageError(why)

    console = Console(answer_json=_wants_json(arguments))
    return guarded(refuse, console, _Run(None, (), {}, None).about)


def run_verb(
    verb: "Verb",
    *words: str,
    environ: Mapping[str, str] = os.environ,
    credentials: "Credentials | None" = None,
) -> int:
    """Run a verb that need not be one of the command's; gives the exit code."""
    running = _Run(verb.name, words, environ, credentials)
    console = Console(answer_json=_wants_json(words))
    return guarded(lambda console: running.perform(console, verb), console, running.about)


def page() -> str:
    """What the command says of itself: every verb in a line."""
    width = max(map(len, VERBS))
    lines = []
    for title, verbs in GROUPS.items():
        lines += ["", f"{title}:", *(f"  {name:{width}}  {does}" for name, does in verbs.items())]
    return _PAGE.format(verbs="\n".join([*lines, ""]))


def load(name: str) -> "Verb | Check":
    """A verb by its name; raises UsageError where there is none."""
    if name not in VERBS:
        raise UsageError(_no_verb(name))
    module = importlib.import_module(f"scripts.verbs.{name.replace('-', '_')}")
    verb: Verb | Check = module.VERB
    return verb


class _Run:
    """A verb under way, and what is known by then of where it works."""

    def __init__(
        self,
        name: str | None,
        words: Sequence[str],
        environ: Mapping[str, str],
        credentials: "Credentials | None",
    ) -> None:
        self._name = name
        self._words = words
        self._environ = environ
        self._credentials = credentials
        self._account_id: str | None = None
        self._region: str | None = None

    def perform(self, console: Console, verb: "Verb | Check") -> Exit:
        """Read the options, then the spec, and do the verb's work."""
        from scripts.cli.options import parsed  # noqa: PLC0415  (slow imports)
        from scripts.context import Acting, Check, Context, show_remedy  # noqa: PLC0415

        options = parsed(verb, self._words)
        console.go_on(
            answer_json=options.json,
            yes=getattr(options, "yes", False),
            dry_run=getattr(options, "dry_run", False),
            acting=isinstance(options, Acting),
        )
        options.check()
        if isinstance(verb, Check):
            return _told(console, verb.work(console, options, self._environ))
        options = self._followed(options)
        spec, clients = self._read(options.spec, rule_id_known=verb.rule_id_known)
        console.say(f"account {spec.account_id}, region {spec.region}")
        try:
            context = Context(console, options, spec, clients, self._environ)
            return _told(console, verb.work(context))
        except CloudError as error:
            if error.lacks_statement:
                show_remedy(console, verb, error, spec)
            raise

    def _followed(self, options: "Looking") -> "Looking":
        """With the file that the client deploys, where that runs this, or that TEMPLATE names."""
        from scripts.declared import PATH, derived, template  # noqa: PLC0415  (slow imports)

        if options.spec is not PATH:
            if derived.is_derived(options.spec):
                name = options.spec.name
                other = f"{template.VARIABLE}={name} in .env"
                aside(f"commands that are told here need -t {name} too, or {other}")
            return options
        path, why = template.chosen(self._environ)
        if why:
            aside(f"this looks at {path}, which {why}")
        return replace(options, spec=path)

    def about(self, end: Exit) -> dict[str, object]:
        """What the document has around the verb's own fields, but for the error."""
        return {
            "version": VERSION,
            "verb": self._name,
            "account_id": self._account_id,
            "region": self._region,
            "exit": int(end),
        }

    def _read(self, path: Path, *, rule_id_known: bool) -> "tuple[Spec, Clients]":
        from scripts.account import sites  # noqa: PLC0415  (slow imports)
        from scripts.account.clients import Clients, Endpoints  # noqa: PLC0415
        from scripts.declared import client_call, dotenv, load, region, rule_ids  # noqa: PLC0415

        _check_spec(path)
        emptied = dotenv.emptied(path.parent / ".env", self._environ)
        for name, told in emptied.items():
            if name != rule_ids.RULE_ID or not rule_id_known:  # or it ends with that
                aside(told)
        for told in dotenv.unread(path.parent / ".env"):
            aside(told)
        settings = rule_ids.filled(dotenv.environment(path.parent / ".env", self._environ))
        endpoints = Endpoints.from_environment(self._environ)
        self._region = region(path, settings)
        clients = Clients(
            self._region,
            credentials=self._credentials,
            endpoints=endpoints,
            config_region=sites.config_region(settings),
            alert_region=settings.get(sites.ALERT_REGION, ""),
        )
        self._account_id = clients.account_id
        clients.memory.look()
        spec = load(path, settings, self._account_id)
        if access := client_call.read(self._environ).access:  # which wins over the file's
            spec = replace(spec, access=access)
        value = spec.function.environment.get("prepareRuleId", "")
        further = (each for given in spec.remediations for each in given.rule_ids)
        named = (each.strip() for each in value.split(","))
        clients.ours = frozenset([spec.rule_name, *named, *further])
        place = dotenv.place(path.parent / ".env", rule_ids.RULE_ID, value)
        wrong = emptied.get(rule_ids.RULE_ID) or rule_ids.problem(value, str(place))
        unmade = (each for each in spec.remediations if rule_ids.unmade(each.rule_ids))
        if first := next(unmade, None):
            wrong = wrong or f"{rule_ids.variable(first.remediation)} is not set: {rule_ids.HOW}"
        if wrong and rule_id_known:
            raise UsageError(wrong)
        return spec, clients


def _check_spec(path: Path) -> None:
    """Raise UsageError where there is no such file."""
    from scripts.declared import derived  # noqa: PLC0415  (a slow import)

    try:
        is_folder, is_file = path.is_dir(), path.is_file()
    except OSError:  # a name that none can have
        is_folder = is_file = False
    if is_folder:
        raise UsageError(f"{path} is a folder: name the spec in it, as --spec {path}/s.yaml")
    if not is_file and not derived.is_derived(path):  # of which the reader says how it is made
        raise UsageError(f"{path} is not there: name the spec with --spec")


def _told(console: Console, ended: "Ended") -> Exit:
    """The exit code; the report is the answer."""
    console.answer(ended.report)
    return ended.exit


def _asks_for_help(arguments: Sequence[str]) -> bool:
    return bool({"--help", "-h"} & set(_before_hyphens(arguments))) or "help" in arguments[:1]


def _before_hyphens(words: Sequence[str]) -> Sequence[str]:
    """What may be options."""
    return words[: list(words).index("--")] if "--" in words else words


def _wants_json(words: Sequence[str]) -> bool:
    """As far as that can be known of words that may be wrong."""
    return any(word.partition("=")[0] == "--json" for word in _before_hyphens(words))


def _usage(arguments: Sequence[str]) -> str:
    """The page of a verb, or of all; raises UsageError for a verb that there is not."""
    name = next((each for each in arguments if each not in ("--help", "-h", "help")), "")
    if name in ("", "completion"):
        return page()
    from scripts.cli import usage  # noqa: PLC0415  (a slow import)

    return usage.of(load(name))


def _completion(shell: str = "", *others: str) -> str:
    from scripts.cli import completion  # noqa: PLC0415  (a slow import)

    if shell in completion.SHELLS and others == ("--json",):
        raise UsageError(f"what completes words is no document: `{COMMAND} completion {shell}`")
    verbs = {name: (VERBS[name], load(name)) for name in VERBS if name != "completion"}
    return completion.of("" if others else shell, verbs)


def _print(console: Console, text: str) -> Exit:
    console.page(text)
    return Exit.DONE


def _no_verb(name: str) -> str:
    if not name:
        return f"say what to do: `{COMMAND} --help` lists the verbs"
    near = difflib.get_close_matches(name, VERBS, n=1)
    perhaps = f", perhaps {near[0]}" if near else ""
    if name.startswith("-"):
        perhaps = ", options come after it"
    return f"{name!r} is no verb{perhaps}: `{COMMAND} --help` lists them"
