"""What happens in a storm: the same for the same seed."""

import random
from collections import defaultdict
from typing import Any, NamedTuple

from tests.storm.bodies import OTHER_ACCOUNT, OTHERS, SHAPES, About
from tests.storm.kinds import FURTHER

HOME, AWAY = "cn-shanghai", "cn-beijing"
LISTED = "config-website"  # which the bundle exempts, for reading
_PUBLIC = ("public-read", "public-read", "public-read-write")
_OSS = (
    *("GetBucketInfo", "GetBucketInfo", "PutBucketAcl", "PutBucketAcl"),
    *("GetBucketPolicyStatus", "GetBucketTagging", "PutBucketEncryption"),
    *("GetBucketPolicy", "PutBucketPolicy", "DeleteBucketPolicy"),
)
_LATE = ("PutBucketAcl", "PutBucketAcl", "PutBucketEncryption", "PutBucketPolicy")
_STATED = (  # statements of a policy
    *("anybody", "anybody", "writes", "partner", "deny", "narrow"),
    *("https", "spelt", "half"),
)
_BESIDE = ("fc:InvokeFunction", "fc:run", "mns:ReceiveMessage", "mns:DeleteMessage")
_ERRORS = ("500 InternalError", "503 ServiceUnavailable", "409 ConcurrentUpdateBucketFailed")
_REFUSALS = ("403 AccessDenied", "403 AccessDenied", "403 UserDisable")
_FAULTS = ("fail", "fail", "fail", "drop", "drop before", "stall", "hold")
_ACTS = (
    *("open", "open", "close", "delete", "remake", "taken", "tag", "tag", "block", "encrypt"),
    *("policy", "state", "state", "restate"),
)
_VERBS = {"redrive": 12, "sweep": 5, "pause": 2, "undo": 3, "apply": 3, "to topic": 2}
_NOT_OURS = ("rule", "rule", "account", "lie", "compliant", "region", "name")


class Step(NamedTuple):
    """A thing that happens: what, to which bucket, and whatever else belongs to it."""

    kind: str
    bucket: str = ""
    how: Any = ""
    number: int = 0


class _Drawing:
    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)  # noqa: S311  (no secret)
        self.steps: list[Step] = []
        self.regions = {LISTED: HOME}
        self.sent: list[Step] = []
        self.ends: defaultdict[int, list[Step]] = defaultdict(list)  # by number of messages
        self.messages = 0

    def add(self, kind: str, bucket: str = "", how: Any = "", number: int = 0) -> None:
        self.steps.append(Step(kind, bucket, how, number))

    def make(self, owner: str = "") -> str:
        name = f"{'foreign' if owner else 'bucket'}-{len(self.steps)}"
        region = self.draw.choice((HOME, HOME, HOME, AWAY))
        encrypted = self.draw.random() < 0.85
        stated = ("https",) if self.draw.random() < 0.85 else ()
        acl = "public-read" if owner else "private"
        self.add("make", name, (region, owner, acl, encrypted, stated))
        if not owner:
            self.regions[name] = region
        return name

    def known(self) -> str:
        """A bucket: a new one, or one of the last."""
        if self.draw.random() < 0.4:
            return self.make()
        return self.draw.choice([*list(self.regions)[-25:], LISTED])

    def publish(self, *abouts: About, shape: str = "") -> None:
        shape = shape or self.draw.choice(SHAPES)
        self.add("publish", "", (shape, abouts), len(self.steps))
        self.sent.append(self.steps[-1])

    def about(self, bucket: str, **more: Any) -> About:
        """A finding about it, of one of our rules."""
        of = self.draw.choice(("acl", "acl", *FURTHER))
        return About(bucket, self.regions[bucket], **{"of": of, **more})

    def opened(self) -> None:
        self.add("open", self.known(), self.draw.choice(_PUBLIC))  # Cloud Config sees it

    def found(self) -> None:
        self.publish(self.about(self.known()))

    def again(self) -> None:
        if self.sent:
            self.steps.append(self.draw.choice(self.sent[-20:]))

    def many(self) -> None:
        names = [self.known() for _ in range(self.draw.choice((2, 3, 5, 8)))]
        abouts = [self.about(name, ours=self.draw.random() < 0.9) for name in names]
        # The same once more, and what all the rules may find of one bucket.
        abouts += [abouts[0], *(abouts[-1]._replace(of=name) for name in FURTHER)]
        self.publish(*abouts, shape="list")

    def old(self) -> None:
        self.publish(self.about(self.known(), hours=self.draw.choice((None, 1.0, 30.0, 20000.0))))

    def gone(self) -> None:
        name = self.known()
        self.add("delete", name)
        self.publish(self.about(name))

    def remade(self) -> None:
        name = self.known()
        self.publish(self.about(name, hours=0.01))
        self.add("remake", name, self.draw.choice(_PUBLIC))

    def tagged(self) -> None:
        name = self.known()
        self.add("tag", name, self.draw.choice(("soon", "soon", "late", "over", "never")))
        self.add("open", name, self.draw.choice(_PUBLIC))

    def not_ours(self) -> None:
        draw, name, other = self.draw, self.known(), self.draw.choice(_NOT_OURS)
        foreign = self.make(OTHER_ACCOUNT) if other in ("account", "lie") else ""
        if other in ("rule", "compliant"):  # and open, but nobody says so
            self.add("open", name, draw.choice(_PUBLIC))
        drawn = {
            "rule": self.about(name, ours=False),
            "account": About(foreign, owner=OTHER_ACCOUNT),
            "lie": About(foreign),
            "compliant": self.about(name, compliance="COMPLIANT"),
            "region": About(name, draw.choice((HOME, AWAY, "", "no-such place"))),
            "name": About(draw.choice(("No_Bucket", "a", "x" * 300, "b\u00fccket"))),
        }
        self.publish(drawn[other])

    def garbage(self) -> None:
        self.publish(self.about(self.known()), shape=self.draw.choice([*OTHERS, "cut-ours"]))

    def owner(self) -> None:
        self.steps.append(self.act(self.known()))

    def act(self, name: str) -> Step:
        """What an owner does."""
        kind, how = self.draw.choice(_ACTS), self.draw.choice(_PUBLIC)
        by_kind: dict[str, tuple[Any, ...]] = {
            "tag": ("soon", "none"),
            "policy": (("anybody", "https"), ("anybody", "partner"), ("half", "partner"), ()),
            "state": _STATED,
            "restate": _STATED,
            "block": (True, False, False),
            "encrypt": ("", "", "KMS"),
        }
        return Step(kind, name, self.draw.choice(by_kind.get(kind, (how,))))

    def soon(self, step: Step, latest: int = 30) -> None:
        """Have it happen some messages later."""
        self.ends[self.messages + self.draw.randrange(3, latest)].append(step)

    def block(self) -> None:
        self.add("block account", how=True)
        self.soon(Step("block account", how=False))

    def ambush(self) -> None:
        """An owner acts just before a request of the function is carried out."""
        name = self.known()
        self.add("ambush", self.draw.choice(_OSS), self.act(name))
        self.beset_by(name)

    def stated(self) -> None:
        """A policy lets everybody in, by http too; others write it as well, perhaps from what was
        there before.
        """
        name = self.known()
        some = (("anybody",), ("partner", "anybody", "deny"), ("spelt", "anybody"), ("partner",))
        self.add("policy", name, self.draw.choice(some))
        for _ in range(self.draw.choice((0, 0, 1, 2))):
            self.soon(Step(self.draw.choice(("state", "restate")), name, self.draw.choice(_STATED)))

    def plain(self) -> None:
        """What is put into a bucket is no longer encrypted."""
        self.add("encrypt", self.known(), "")

    def beset_by(self, name: str) -> None:
        """Something is wrong with it, that a rule of ours finds."""
        wrong = {"open": self.draw.choice(_PUBLIC), "encrypt": "", "policy": ("partner", "anybody")}
        kind = self.draw.choice(("open", "open", "encrypt", "policy"))
        self.add(kind, name, wrong[kind])

    def fault(self) -> None:
        draw, kind, times = self.draw, self.draw.choice(_FAULTS), self.draw.choice((1, 1, 2, 3, 8))
        operation = f"oss:{draw.choice(_OSS)}"
        how: Any = draw.choice(_ERRORS)
        if draw.random() < 0.15:
            operation, kind, times = draw.choice(_BESIDE), "fail", min(times, 2)
        elif draw.random() < 0.2:
            kind, how, times = "fail", draw.choice(_REFUSALS), draw.choice((1, 4, 12))
        if kind == "stall":
            how, times = draw.choice((0.05, 0.3, 0.3, 5.5)), 1
        self.add("fault", operation, (kind, how, ""), times)
        if kind == "hold":
            self.soon(Step("release"))

    def beset(self) -> None:
        """A bucket is opened, and its repair shows late, or is refused to the end."""
        name, late = self.known(), self.draw.choice((0, 1, 2, 3))
        fault = ("lag", late, name) if late else ("fail", "403 AccessDenied", name)
        for operation in _LATE[1:]:
            self.add("fault", f"oss:{operation}", fault, 1 if late else 1000)
        self.beset_by(name)

    def kill(self) -> None:
        self.add("kill")

    def verb(self) -> None:
        name = self.draw.choices(list(_VERBS), list(_VERBS.values()))[0]
        killed = self.draw.randrange(1, 40) if self.draw.random() < 0.15 else 0
        self.add("verb", self.draw.choice(list(self.regions)[-25:]), name, killed)
        if name == "pause":
            self.soon(Step("verb", how="resume"), 12)  # before too much waits for it


def draw(seed: int, messages: int) -> list[Step]:
    """The steps of a storm with so many messages to the topic, more or less."""
    it = _Drawing(seed)
    kinds = {
        it.opened: 40, it.found: 14, it.again: 7, it.many: 6, it.old: 5, it.gone: 4, it.remade: 4,
        it.tagged: 6, it.not_ours: 8, it.garbage: 6, it.stated: 10, it.plain: 6,
    }  # fmt: skip
    besides = {
        it.owner: 0.3, it.ambush: 0.08, it.fault: 0.2, it.beset: 0.08, it.verb: 0.05,
        it.kill: 0.006, it.block: 0.01,
    }  # fmt: skip
    for it.messages in range(messages):
        it.draw.choices(list(kinds), list(kinds.values()))[0]()
        for happens, often in besides.items():
            if it.draw.random() < often:
                happens()
        it.steps += it.ends.pop(it.messages, ())
    return it.steps
