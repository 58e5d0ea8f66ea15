"""Has a storm happen to an account: messages, faults, owners and verbs, all at once."""

import contextlib
import io
import itertools
import json
import re
import shutil
import signal
import threading
import time
import traceback
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import datetime, timedelta, timezone
from pathlib import Path
from types import MappingProxyType

from scripts.account.package import exemptions_in, with_exemptions
from scripts.declared import derived, dotenv
from scripts.declared.rule_ids import variable
from scripts.localcloud.faults import Drop, Fail, Fault, Hold, Lag, Order, Stall
from scripts.localcloud.journal import Entry
from scripts.localcloud.oss import bucket_policy
from scripts.localcloud.oss.model import Bucket
from scripts.localcloud.ram import policies
from tests.account import QUEUE, TOPIC, Account
from tests.parts import derive, edit, remediate, rewrite
from tests.storm import seeing
from tests.storm.bodies import body
from tests.storm.drawing import LISTED, Step
from tests.storm.kinds import FURTHER
from tests.storm.owners import Owners
from tests.storm.seeing import Change, Exempted, Seen, State

TAG = "public-until"
_TOLD = 1000  # steps
_REST = 600.0  # seconds in which all must come to rest
_PATIENCE = 9  # tries
_BEHIND = 12  # verbs that may be under way before the next thing happens
_CHANGING = ("apply", "undo", "pause", "resume")  # one of these at a time
_DUE = ("sweep", "--due", "--grace", "0", "--limit", "1000000", "--json")
_APART = "apart"  # the role of whoever runs verbs in a process of its own


def _day(days: int) -> str:
    return (datetime.now(timezone.utc) + timedelta(days=days)).date().isoformat()


class _Mouth(io.TextIOBase):
    """What each thread says, for itself."""

    def __init__(self) -> None:
        self._said: defaultdict[int, list[str]] = defaultdict(list)

    def write(self, text: str) -> int:
        self._said[threading.get_ident()].append(text)
        return len(text)

    def taken(self) -> str:
        """What the thread that asks said since it last asked."""
        return "".join(self._said.pop(threading.get_ident(), ()))


@contextlib.contextmanager
def _apart() -> Iterator[_Mouth]:
    with (
        contextlib.redirect_stdout(_Mouth()) as out,
        contextlib.redirect_stderr(_Mouth()),
    ):
        yield out


def _replace(path: Path, content: bytes) -> None:
    """Write a file at once: others may be reading it."""
    beside = path.with_name(f"{path.name}.new")
    beside.write_bytes(content)
    beside.replace(path)


class Storm:
    """One storm. `counts` is how much of what there was, `problems` how verbs ended badly."""

    def __init__(
        self,
        account: Account,
        knobs: Mapping[str, str] = MappingProxyType({}),
        tell: Callable[[str], None] = lambda _: None,
        at_once: int = 32,  # runs of the function
    ) -> None:
        self.account, self.cloud = account, account.cloud
        self._knobs = {"exemptTag": TAG, "role": "*leastPrivilege", **knobs}
        self.counts: Counter[str] = Counter()
        self.problems: list[str] = []
        self._tell = tell
        self._at_once = at_once
        self._begin = len(self.cloud.journal.entries())
        self._changes: list[Change] = []
        self._exempted = [Exempted(0.0, 0.0, LISTED, "public-read")]
        self._account_blocked: list[tuple[float, bool]] = []
        self._orders: list[Order] = []
        self._holds: list[Hold] = []
        self._ambushes: defaultdict[tuple[str, str], list[Step]] = defaultdict(list)
        self._verbs: list[Future[None]] = []
        self._resuming = False
        self._tags = {"soon": _day(3), "late": _day(300), "over": _day(-1), "never": "x"}
        tags = {name: {TAG: date} for name, date in self._tags.items()}
        self._owners = Owners(self.cloud.oss, tags)

    def run(self, steps: list[Step]) -> Seen:
        """Have it happen, and come to rest; gives all that was to be seen."""
        self._set_up()
        with (
            self._watching(),
            self._ambushing(),
            _apart() as self._out,
            contextlib.ExitStack() as lanes,
        ):
            self._lanes = [lanes.enter_context(ThreadPoolExecutor(n)) for n in (_BEHIND, 1)]
            for done, step in enumerate(steps, 1):
                self._happens(step)
                self._pace()
                if done % _TOLD == 0 or done == len(steps):
                    self._tell(f"{done} of {len(steps)} steps")
            self._rest()
            return self._calm()

    def _set_up(self) -> None:
        path = self.account.path
        remediate(path, ";".join(f"{n}:${{env({variable(n)})}}:enforce" for n in FURTHER))
        rewrite(path, self._knobs_set)
        # Two files cannot be changed at once, and others read: so there is another one of each.
        other = Path(shutil.copy(path.with_name("s.yaml"), path.with_name("other.yaml")))
        edit(other, "  timeout: 60\n", "  timeout: 61\n")
        made = derive(other)
        self._specs = itertools.cycle([made if derived.is_derived(path) else other, path])
        assert self.account.run("provision", "--yes") == 0  # a knob may want another role
        self.account.rest()  # the rules are known everywhere
        known = dotenv.environment(self.account.env, {})
        self.rules = {"acl": self.account.rule_id, **{n: known[variable(n)] for n in FURTHER}}
        assert self.account.run("apply", "--yes") == 0
        self.account.rest()
        ram = self.cloud.ram
        ram.create_role(_APART, policies.trust("ecs.aliyuncs.com"))
        ram.attach(_APART, "System", "AdministratorAccess")
        self.cloud.fc.fresh_keys = True
        self.cloud.fc.async_at_once = self._at_once
        self.cloud.oss.most_buckets = 1_000_000
        self.cloud.oss.on_state.append(self._note)

    def _knobs_set(self, text: str) -> str:
        for name, value in self._knobs.items():
            text, found = re.subn(rf"(?m)^( +{name}:) (?!acs:|\$)\S+", rf"\1 {value}", text)
            assert found == 1, f"s.yaml has no one {name}"
        return text

    def _note(self, name: str, bucket: Bucket | None) -> None:
        state = None
        if bucket:
            who = (bucket.acl, bucket.owner, bucket.created_at, tuple(bucket.tags.items()))
            method, text = bucket.encryption.get("SSEAlgorithm", ""), bucket.policy or ""
            public = bucket_policy.is_public(bucket.policy)
            state = State(*who, public, bucket.block_public_access, method, text)
        self._changes.append(Change(time.monotonic(), name, state))

    @contextlib.contextmanager
    def _watching(self) -> Iterator[None]:
        """A thread that dies, of the stand-in too, is told: what it was at work on is lost."""
        hook = threading.excepthook

        def died(how: threading.ExceptHookArgs) -> None:
            self.problems.append("".join(traceback.format_exception(how.exc_value)))

        threading.excepthook = died
        yield
        threading.excepthook = hook

    @contextlib.contextmanager
    def _ambushing(self) -> Iterator[None]:
        faults = self.cloud.faults
        take = faults.take

        def taking(operation: str, subject: str) -> Fault | None:
            for act in self._ambushes.pop((operation, subject), ()):
                self._happens(act)
            return take(operation, subject)

        faults.take = taking  # type: ignore[method-assign]
        yield
        faults.take = take  # type: ignore[method-assign]

    # What a step does

    def _publish(self, step: Step) -> None:
        shape, abouts = step.how
        known = (self.rules, self.cloud.account_id, self.cloud.clock.now())
        self.cloud.mns.publish(TOPIC, body(shape, abouts, *known, step.number))

    def _happens(self, step: Step) -> None:
        kinds = {
            "publish": self._publish,
            "block account": self._block_account,
            "release": self._release,
            "ambush": self._ambush,
            "fault": self._fault,
            "kill": self._kill,
            "verb": self._verb,
        }
        kinds.get(step.kind, self._owners.does)(step)

    def _pace(self) -> None:
        """Let others come to their turn: without this all would happen before any of it is seen."""
        journal = self.cloud.journal
        # Whoever resumes names how many are open, which must not change as fast as else.
        entries, seconds = (500, 0.5) if self._resuming else (12, 0.02)
        enough = journal.position + entries
        journal.wait_for(lambda _: journal.position >= enough, seconds)
        while len(wait([each for each in self._verbs if not each.done()], 0).not_done) > _BEHIND:
            wait(self._verbs, return_when=FIRST_COMPLETED)

    def _block_account(self, step: Step) -> None:
        self.cloud.oss.block_account(self.cloud.account_id, blocked=step.how)
        self._account_blocked.append((time.monotonic(), step.how))

    def _ambush(self, step: Step) -> None:
        bucket = step.how.bucket or LISTED
        self._ambushes[f"oss:{step.bucket}", bucket].append(step.how)

    def _fault(self, step: Step) -> None:
        kind, how, subject = step.how
        faults: dict[str, Callable[[], Fault]] = {
            "fail": lambda: Fail(int(how.split()[0]), how.split()[1]),
            "drop": Drop,
            "drop before": lambda: Drop(applied=False),
            "stall": lambda: Stall(how),
            "lag": lambda: Lag(how),
            "hold": Hold,
        }
        fault = faults[kind]()
        if isinstance(fault, Hold):
            self._holds.append(fault)
        order = self.cloud.faults.add(
            step.bucket, fault, subject=subject, times=step.number, may_be_unmet=True
        )
        self._orders.append(order)

    def _kill(self, _: Step) -> None:
        self.counts["killed"] += self.cloud.fc.kill_busy()

    # Verbs

    def _verb(self, step: Step) -> None:
        lane = self._lanes[step.how in _CHANGING]
        self._verbs.append(lane.submit(self._run_verb, step))

    def _run_verb(self, step: Step) -> None:
        began, words = time.monotonic(), self._words(step)
        self.counts["verbs"] += 1
        if step.number:
            self._run_killed(words, step.number)
        else:
            self._resume(words) if step.how == "resume" else self.answer(*words)
        if step.how == "undo":
            self._learn_exemptions(began)

    def _resume(self, words: list[str]) -> None:
        """Whoever resumes does not leave it at a bad moment, and gives the number that is named."""
        number: dict[str, str] = {}
        self._resuming = True
        for _ in range(_PATIENCE):
            said = self.answer(*words, **number)
            if json.loads(said)["exit"] == 0:
                break
            number = dict(re.findall(r"(EXPECT_CLOSE)=(\d+)", said))
        self._resuming = False

    def _words(self, step: Step) -> list[str]:
        undo = f"undo --bucket {self._repaired() or step.bucket} --owner web --expires {_day(30)}"
        words = {
            "redrive": "redrive --limit 10 --yes",
            "to topic": "redrive --limit 3 --to topic --timeout 10 --yes",
            "sweep": "sweep --due --grace 0 --limit 30 --yes",
            "pause": "pause --reason storm",
            "resume": "resume --yes",
            "apply": "apply --yes",  # of the one spec and the other in turn
            "undo": f"{undo} --reason storm --acl public-read --watch 0 --yes "
            f"--exemptions {self.account.exemptions}",
        }[step.how]
        spec = ["--spec", str(next(self._specs))] if step.how == "apply" else []
        return [*words.split(), *spec, "--json"]

    def _repaired(self) -> str:
        """The bucket that was repaired last."""
        for run in reversed(self.cloud.journal.entries("fc", "invoked")):
            for line in reversed(seeing.audit_lines(run.details["log"])):
                if line["outcome"] == "repaired":
                    return str(line["bucket"])
        return ""

    def answer(self, *words: str, **environ: str) -> str:
        """What a verb answers, in JSON; notes how it must not end."""
        code = self.account.run(*words, **environ)
        said = self._out.taken()
        self.counts[f"{words[0]} ended with {code}"] += 1
        if code not in (0, 1) or "defect" in str(json.loads(said).get("error")):
            self.problems.append(f"{' '.join(words)} ended with {code}: {said.split()}")
        return said

    def _run_killed(self, words: list[str], after: int) -> None:
        """A verb in a process of its own, which is stopped or killed after so many requests."""
        key, journal = self.cloud.ram.assume(_APART, "storm"), self.cloud.journal
        seen = len(journal.entries())
        asked = 0

        def enough(entries: list[Entry]) -> bool:
            nonlocal seen, asked
            new, seen = entries[seen:], len(entries)
            asked += sum(key.access_key_id in str(each.details.get("request")) for each in new)
            return asked >= after

        environ = {
            "ALIBABA_CLOUD_ACCESS_KEY_ID": key.access_key_id,
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET": key.access_key_secret,
            "ALIBABA_CLOUD_SECURITY_TOKEN": key.security_token,
        }
        with self.account.process(*words, **environ) as process:
            while process.poll() is None and not journal.wait_for(enough, 0.1):
                pass
            process.send_signal(signal.SIGINT if after % 2 else signal.SIGKILL)
            _, told = process.communicate()
        if "Traceback" in told:
            self.problems.append(f"{' '.join(words)}, killed, said {told.split()}")

    def _learn_exemptions(self, began: float) -> None:
        """What the live code exempts by now; what is built is to exempt it too."""
        live = self.cloud.fc.resources.function(*self.account.place).code.package
        exempt = exemptions_in(live, "it")
        known = {each.bucket for each in self._exempted}
        now = time.monotonic()
        self._exempted += [
            Exempted(began, now, each.bucket, each.allow)
            for each in exempt.entries
            if each.bucket not in known
        ]
        path = self.account.folder / "build" / "function.zip"
        _replace(path, with_exemptions(path.read_bytes(), exempt))

    # Rest

    def _release(self, _: Step) -> None:
        """Whatever is held goes on."""
        for held in self._holds:
            held.released.set()
        self._holds.clear()

    def _rest(self) -> None:
        self._block_account(Step("", how=False))
        self._release(Step(""))
        for verb in self._verbs:
            verb.result()
        self._verbs.clear()
        if not self.cloud.wait_idle(_REST):
            raise RuntimeError("the storm does not come to rest")

    def _calm(self) -> Seen:
        """What there is when all is over; the mode is enforce again."""
        self._ambushes.clear()
        self.cloud.faults.clear()
        self._resume(["resume", "--yes", "--json"])
        self.answer("apply", "--yes", "--json")
        self._rest()
        self.cloud.clock.advance(2)  # by then the log is searched
        sweep = self.answer(*_DUE, "--dry-run")
        entries = self.cloud.journal.entries()[self._begin :]
        # What broke in the stand-in is no fault of the product, and is told all the same.
        self.problems += [e.details["traceback"] for e in entries if "traceback" in e.details]
        self.counts["faults"] = sum(order.met.is_set() for order in self._orders)
        return Seen(
            account=self.cloud.account_id,
            rule=self.rules["acl"],
            further={self.rules[name]: name for name in FURTHER},
            tag=TAG,
            until=self._tags["soon"],
            changes=tuple(self._changes),
            **seeing.of_journal(entries, TOPIC),
            queue=tuple(self.cloud.mns.messages(QUEUE)),
            exempted=tuple(self._exempted),
            account_blocked=tuple(self._account_blocked),
            sweep=sweep,
        )
