"""The rig of a move from Function Compute 2.0 to 3.0 and back."""

from collections.abc import Iterator
from contextlib import contextmanager

from scripts.account import audit_trail
from scripts.account.audit_trail import AuditLine
from scripts.account.deployed_function import DeployedFunction
from scripts.declared import Generation, load
from scripts.declared.dotenv import environment
from scripts.localcloud import Drop, Fail
from scripts.localcloud.faults import Fault
from tests.account import ALONE, FUNCTION, SERVICE, TOPIC, Account
from tests.parts import derive

EXEMPT = "config-website"  # in the bundle of the tests
OLD, NEW = Generation.FC2, Generation.FC3
PLACES = {OLD: (SERVICE, FUNCTION), NEW: ("", ALONE)}
WRITES = {  # of a move to 3.0, and of one to 2.0, in whatever order
    NEW: ("CreateFunction", "PutAsyncInvokeConfig", "CreateTrigger"),
    OLD: ("CreateFunction", "PutFunctionAsyncInvokeConfig", "CreateTrigger"),
}
RETIRING = ("UpdateFunction", "DeleteTrigger")
WAITED = {
    NEW: ("DeleteFunctionAsyncInvokeConfig", "DeleteFunction"),
    OLD: ("DeleteAsyncInvokeConfig", "DeleteFunction"),
}
WEBHOOK = "ALERT_WEBHOOK"
LEAST = "resource-repair-least-privilege-cn-shanghai"  # the role that the new one has


class Move:
    """An account whose function is moved, by the commands that the page tells."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.cloud = account.cloud
        self.opened: list[str] = []

    def run(self, to: Generation, verb: str, *arguments: str, **shell: str) -> int:
        """The exit code of a verb that works on that generation."""
        file = str(self.account.folder / to.template)
        return self.account.run(verb, *arguments, "--spec", file, **shell)

    def until_done(self, to: Generation, verb: str, *arguments: str, **shell: str) -> int:
        """Run it as often as it takes; how often it was killed."""
        for killed in range(20):
            if self.run(to, verb, "--yes", *arguments, **shell) == 0:
                return killed
        raise AssertionError(f"{verb} comes to no end")

    def live(self, which: Generation) -> DeployedFunction | None:
        """The function there."""
        known = environment(self.account.env, {"PREPARE_RULE_ID": self.account.rule_id})
        spec = load(self.account.folder / which.template, known, self.cloud.account_id)
        return DeployedFunction.find(spec, self.account.clients)

    def over(self, to: Generation, **shell: str) -> None:
        """All of it, up to the trigger of the one before."""
        self.until_done(to, "provision", **shell)
        self.until_done(to, "apply")
        assert self.run(to, "verify") == 0
        self.until_done(to, "remove", "--other-generation")

    def a_day_later(self, to: Generation) -> None:
        """What waited for the one before has been run: it goes."""
        function = self.cloud.fc.resources.function(*PLACES[to.other])
        object.__setattr__(function, "modified_at", function.modified_at - 2 * 86400)
        self.until_done(to, "remove", "--other-generation")

    def kill(self, *operations: str) -> None:
        """Each of these is cut off twice: before it was done, and after."""
        for each in operations:
            self.cloud.faults.add(f"fc:{each}", Fail(400, "Stopped"))
            self.cloud.faults.add(f"fc:{each}", Drop())

    @contextmanager
    def opening(self, many: int, name: str) -> Iterator[None]:
        """As many buckets are opened, some at each write of a verb to Function Compute."""
        names = [f"{name}-{number}" for number in range(many)]
        faults = self.cloud.faults
        take, left, at_once = faults.take, list(names), -(-many // 12)

        def taking(operation: str, subject: str) -> Fault | None:
            if operation.startswith(("fc:Create", "fc:Put", "fc:Update", "fc:Delete")):
                for _ in left[:at_once]:
                    self.open(left.pop())
            return take(operation, subject)

        faults.take = taking  # type: ignore[method-assign]
        try:
            yield
        finally:
            faults.take = take  # type: ignore[method-assign]
        while left:
            self.open(left.pop())
        self.account.rest()

    def open(self, name: str) -> None:
        """Somebody opens a bucket, which will be found."""
        self.opened.append(name)
        self.cloud.oss.create(name, acl="public-read")

    def still_open(self) -> set[str]:
        """Which of these are."""
        acls = self.account.acls()
        return {each for each in self.opened if acls[each] != "private"}

    def lines(self, which: Generation) -> list[AuditLine]:
        """What that function said of findings."""
        return audit_trail.of_log(self.cloud.fc.logs(*PLACES[which]).encode())

    def subscribed(self) -> int:
        """To how many the topic hands what is published."""
        return len(self.cloud.mns.topic(TOPIC).subscriptions)


def ready(account: Account) -> None:
    """The product on 2.0, somebody who is woken, and what a move needs beforehand."""
    assert account.run("provision", "--yes") == 0
    account.deploy()
    derive(account.path)
