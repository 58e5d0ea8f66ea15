"""Write s.fc3.yaml: what s.yaml declares, for Function Compute 3.0.

`s deploy -y -t s.fc3.yaml` deploys it, and each verb that is told `-t s.fc3.yaml` works on that.
Where s.yaml has what Function Compute 3.0 has not, it says so and writes nothing. No account is
asked. Exit code 0, or 2.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from scripts import context
from scripts.context import Check, Ended
from scripts.declared import Generation, derived, dotenv, load_for, rule_ids
from scripts.declared.files import replace, writing
from scripts.errors import UsageError
from scripts.terminal import Console, Exit

_ANY_ACCOUNT = "1"  # the client fills it in as it deploys


@dataclass(frozen=True)
class Report:
    """The file, and whether it says another thing than before."""

    file: str
    changed: bool


def _work(console: Console, options: context.Reading, environ: Mapping[str, str]) -> Ended:
    given = options.spec
    source = derived.edited(given) if derived.is_derived(given) else given
    if not source.is_file():
        raise UsageError(f"{source} is not there: name the spec with --spec")
    if source.suffix != ".yaml":
        raise UsageError(f"{source.name} cannot be told by what is made of it: call it s.yaml")
    settings = rule_ids.filled(dotenv.environment(source.parent / ".env", environ))
    load_for(source, Generation.FC3, settings, _ANY_ACCOUNT)  # or raises what is wrong with it
    path, said = derived.path_of(source), derived.text(source)
    changed = not path.is_file() or path.read_bytes() != said.encode()
    if changed:
        with writing(path):
            replace(path, said)
    console.say(f"{'wrote' if changed else 'nothing new in'} {path.name}")
    console.say(f"next: resource-repair provision -t {path.name}, then s deploy -y -t {path.name}")
    return Ended(Exit.DONE, Report(str(path), changed))


VERB = Check("fc3", __doc__ or "", context.Reading, _work)
