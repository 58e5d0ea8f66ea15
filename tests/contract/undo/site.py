"""A bucket whose repair is to be undone."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta, timezone

from resource_repair.exemptions import Exemption
from scripts.account.deployed_function import DeployedFunction
from scripts.account.permission import Permission
from scripts.declared.exemptions import reviewed_exemptions
from tests.account import Account
from tests.parts import ways

TODAY = datetime.now(timezone.utc).date()
UNTIL = TODAY + timedelta(days=30)
OPEN = ("--acl", "public-read")
WHY = ("--reason", "the site", "--owner", "web", "--expires", UNTIL.isoformat())
ENTRY = Exemption("site-1", "the site", "web", UNTIL)


class Site:
    """The bucket `site-1`, which is yet to be made, and the file of reviewed exemptions."""

    name = "site-1"

    def __init__(self, account: Account) -> None:
        self.account = account
        self.oss = account.cloud.oss
        self.reviewed = account.exemptions

    def repaired(self, acl: str = "public-read") -> None:
        """It was opened, and closed by the function."""
        self.oss.create(self.name, acl=acl)
        self.account.rest()
        assert self.acl == "private"

    def blocked(self, acl: str = "public-read") -> None:
        """The same, closed by Block Public Access, too."""
        ways(self.account.path, close="both")
        self.account.deploy()
        self.repaired(acl)
        assert self.flag

    def undo(self, *arguments: str, may: Sequence[Permission] | None = None) -> int:
        """The exit code."""
        known = {"--bucket": self.name, "--watch": "0", "--exemptions": str(self.reviewed)}
        options = [word for each in known.items() if each[0] not in arguments for word in each]
        return self.account.run("undo", *options, *arguments, may=may)

    @property
    def acl(self) -> str:
        """Its ACL."""
        return self.oss.bucket(self.name).acl

    @property
    def flag(self) -> bool:
        """Its Block Public Access."""
        return self.oss.bucket(self.name).block_public_access

    @property
    def function(self) -> DeployedFunction:
        """The live function."""
        return DeployedFunction.read(self.account.spec, self.account.clients)

    @property
    def live(self) -> tuple[Exemption, ...]:
        """The exemptions that it goes by."""
        return self.function.exemptions().entries

    @property
    def entries(self) -> tuple[Exemption, ...]:
        """Those in the file."""
        return reviewed_exemptions(self.reviewed, TODAY).entries

    def untouched(self) -> Callable[[], bool]:
        """What tells, when it is called, whether nothing was changed since now."""
        text, calls = self.reviewed.read_text(), self.account.calls()
        made = {"fc:UpdateFunction", "oss:PutBucketAcl", "oss:PutBucket"}
        return lambda: made.isdisjoint(calls()) and self.reviewed.read_text() == text


def closed(site: Site) -> None:
    """It was private from the beginning, and no finding of it is delivered."""
    site.account.deliver(on=False)
    site.oss.create(site.name, acl="private")
