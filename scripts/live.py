"""The function as it runs: its settings, and whether the exemptions that are here are its own.

A bundle has its exemptions in it, and of the code that runs Function Compute tells the checksum: so
those that are deployed are known where the same bundle is built here.
"""

import json
import zipfile
from pathlib import Path
from typing import NamedTuple

from alibabacloud_fc_open20210406 import models

from resource_repair import exemptions, settings
from resource_repair.exemptions import Exemptions
from resource_repair.settings import Settings
from scripts.apply.fc import checksum
from scripts.clients import Clients
from scripts.errors import Problem
from scripts.resources.model import find
from scripts.spec import Spec
from scripts.verb import Permission

GET_FUNCTION = Permission("fc:GetFunction", "acs:fc:{region}:{account}:*")

_COMPILED = "resource_repair/exemptions.json"


class Live(NamedTuple):
    """The deployed function: its settings, as it reads them itself, and its code's checksum."""

    settings: Settings
    checksum: str


class Doubt(NamedTuple):
    """Why exemptions may not be those deployed, and what to do; `sure` if they are not."""

    why: str
    mend: str
    sure: bool = False

    def __str__(self) -> str:
        return f"{self.why}: {self.mend}"


def function(spec: Spec, clients: Clients) -> Live | None:
    """The spec's function; None if it is not deployed. Raises CloudError."""
    name, request = spec.function.name, models.GetFunctionRequest()
    found = find(
        GET_FUNCTION.action,
        name,
        lambda: clients.fc.get_function(spec.service.name, name, request),
    )
    if found is None:
        return None
    return Live(settings.load(found.environment_variables or {}), str(found.code_checksum))


def bundled_exemptions(code: Path) -> Exemptions:
    """The exemptions in a bundle's zip; raises Problem if the function could not read them."""
    try:
        with zipfile.ZipFile(code) as archive:
            return exemptions.parse(json.loads(archive.read(_COMPILED))["exemptions"])
    except (OSError, ValueError, LookupError, TypeError, zipfile.BadZipFile) as error:
        raise Problem(
            f"{code} has no exemptions that can be read ({type(error).__name__}), and would repair "
            "nothing: run `make bundle`"
        ) from None


def doubt(spec: Spec, live: Live | None, reviewed: Exemptions, path: Path) -> Doubt | None:
    """Why the exemptions reviewed in the file at `path` may not be the deployed ones; or None."""
    name, code = spec.function.name, spec.function.code
    if live is None:
        return Doubt(f"{name} is not deployed, so no exemption holds yet", "deploy it", sure=True)
    if not code.is_file():
        return Doubt(
            f"{code} is not there, so whether {name} has the exemptions that are here cannot be "
            "told",
            "run `make bundle`",
        )
    if checksum(code.read_bytes()) != live.checksum:
        return Doubt(
            f"{name} runs other code than {code}, so the exemptions here may not be those deployed",
            "deploy first",
        )
    if bundled_exemptions(code) != reviewed:
        return Doubt(
            f"{code}, which is deployed, was built with other exemptions than {path}",
            "name their file with --exemptions, or run `make bundle` and deploy",
            sure=True,
        )
    return None
