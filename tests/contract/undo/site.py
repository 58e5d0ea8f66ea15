"""A bucket whose repair is to be undone."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from resource_repair.exemptions import Exemption
from scripts.account.deployed_function import DeployedFunction
from scripts.account.permission import Permission
from scripts.declared.exemptions import reviewed_exemptions
from scripts.stage.stage import Stage
from tests.contract import verb_rig

TODAY = datetime.now(timezone.utc).date()
UNTIL = TODAY + timedelta(days=30)
OPEN = ("--acl", "public-read")
WHY = ("--reason", "the site", "--owner", "web", "--expires", UNTIL.isoformat())


class Site:
    """A bucket of a name of its own on that cloud, and the file of reviewed exemptions."""

    numbers = itertools.count(1)

    def __init__(self, stage: Stage, reviewed: Path) -> None:
        self.name = f"site-{next(self.numbers)}"
        self.stage = stage
        self.oss = stage.cloud.oss
        self.reviewed = reviewed
        self.entry = Exemption(self.name, "the site", "web", UNTIL)

    def repaired(self, acl: str = "public-read") -> None:
        """It was opened, and closed by the function."""
        self.oss.create(self.name, acl=acl)
        assert self.stage.wait_idle()
        assert self.acl == "private"

    def undo(self, *arguments: str, may: Sequence[Permission] | None = None) -> int:
        """The exit code."""
        known = {"bucket": self.name, "exemptions": str(self.reviewed), "watch": "0"}
        options = verb_rig.unless_said(arguments, **known)
        return verb_rig.run(self.stage, "undo", *options, *arguments, may=may)

    @property
    def acl(self) -> str:
        """Its ACL."""
        return self.oss.bucket(self.name).acl

    @property
    def function(self) -> DeployedFunction:
        """The live function."""
        return DeployedFunction.read(self.stage.spec, self.stage.clients)

    @property
    def live(self) -> tuple[Exemption, ...]:
        """The exemptions that it goes by."""
        return self.function.exemptions().entries

    @property
    def entries(self) -> tuple[Exemption, ...]:
        """Those in the file."""
        return reviewed_exemptions(self.reviewed, TODAY).entries

    def update(self, **fields: Any) -> None:
        """Change the function as somebody does it by hand."""
        place = (self.stage.spec.service.name, self.stage.spec.function.name)
        self.stage.cloud.fc.resources.update_function(*place, fields)

    def settings(self) -> Mapping[str, Any]:
        """The function's settings."""
        place = (self.stage.spec.service.name, self.stage.spec.function.name)
        return self.stage.cloud.fc.resources.function(*place).settings

    def untouched(self) -> Callable[[], bool]:
        """What tells, when it is called, whether nothing was changed since now."""
        text, start = self.reviewed.read_text(), len(self.stage.cloud.journal.entries())
        made = {"UpdateFunction", "PutBucketAcl", "PutBucket"}

        def look() -> bool:
            done = {each.action for each in self.stage.cloud.journal.entries()[start:]}
            return not done & made and self.reviewed.read_text() == text

        return look


def closed(site: Site) -> None:
    """It was private from the beginning."""
    site.oss.create(site.name, acl="private")
