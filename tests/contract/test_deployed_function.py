"""What is read of the live function, and what is done when that cannot be trusted."""

import base64
import io
import zipfile
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
import yaml
from alibabacloud_fc_open20210406 import models as fc

from resource_repair.exemptions import Exemption, Exemptions, dump, fields
from resource_repair.openness import PUBLIC_READ_WRITE
from scripts.account.deployed_function import DeployedFunction, secured
from scripts.account.package import exemptions_in, with_exemptions
from scripts.decide.chain import Diagnosis, Standing
from scripts.errors import Problem
from scripts.localcloud import Fail
from scripts.localcloud.fc.code import Code
from tests.account import Account
from tests.contract.spoil import look

COMPILED = "resource_repair/exemptions.json"
HELD = (
    '{"exemptions": [{"bucket": "static-site", "reason": "why", "owner": "who", '
    '"expires": "2999-12-31", "allow": "public-read"}]}'
)


def zipped(compiled: str | None) -> bytes:
    """A function's code with these exemptions."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("index.py", "def handler(event, context): pass\n")
        if compiled is not None:
            archive.writestr(COMPILED, compiled)
    return made.getvalue()


def put_live(account: Account, package: bytes) -> None:
    """Have the function run that, whatever is in the folder."""
    account.update(code=fc.Code(zip_file=base64.b64encode(package).decode()))


def live(account: Account) -> DeployedFunction:
    """The function as it is."""
    return DeployedFunction.read(account.spec, account.clients)


def of_exemptions(account: Account, **settings: Any) -> list[Diagnosis]:
    """What the doctor says of exemptions; that the code differs it says beside it."""
    return [each for each in look(account, **settings) if each.link == "exemptions"]


def test_the_exemptions_are_those_of_the_live_code(sound: Account) -> None:
    """What the function goes by is told, and not what the folder has."""
    put_live(sound, zipped(HELD))
    (entry,) = live(sound).exemptions().entries
    assert (entry.bucket, entry.owner) == ("static-site", "who")


@pytest.mark.parametrize(
    "compiled", [None, "", "[]", '{"exemptions": {}}', HELD.replace("2999-12-31", "soon")]
)
def test_exemptions_that_cannot_be_read_are_a_problem(sound: Account, compiled: str | None) -> None:
    """Never are there none where they cannot be read; a deploy, which mends it, is not stopped."""
    put_live(sound, zipped(compiled))
    with pytest.raises(Problem, match="cannot be read"):
        live(sound).exemptions()
    assert [each.standing for each in of_exemptions(sound)] == [Standing.FAULT]
    found = of_exemptions(sound, before_deploy=True)
    assert [each.standing for each in found] == [Standing.NOT_YET]
    assert sound.run("apply", "--yes") == 0


def test_what_is_no_zip_has_no_exemptions() -> None:
    """Bytes that are no zip at all are told likewise."""
    with pytest.raises(Problem, match="of it cannot be read"):
        exemptions_in(b"PK", "it")


def test_a_download_that_was_cut_is_not_taken(
    sound: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A package whose checksum is not the live one's is another, and nothing is built on it."""
    other = Code(zipped("{}"))
    monkeypatch.setattr(sound.cloud.fc.resources, "code", lambda _: other)
    with pytest.raises(Problem, match="is not what it runs"):
        _ = live(sound).package


def test_a_download_that_is_refused_is_told_without_its_url(sound: Account) -> None:
    """The URL is a secret: what stood in the way is told, and it is not."""
    sound.cloud.faults.add("fc:DownloadPackage", Fail(403, "AccessDenied"))
    with pytest.raises(Problem, match="the place where the code is stored refuses") as caught:
        _ = live(sound).package
    assert "packages/" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        ("http://code.oss-cn-shanghai.aliyuncs.com/a%2Fb?Signature=x", "https"),
        ("https://code.oss-cn-shanghai.aliyuncs.com/a%2Fb?Signature=x", "https"),
        ("http://127.0.0.1:1/a%2Fb?Signature=x", "http"),
        ("http://127.0.0.1.example.com/a%2Fb?Signature=x", "https"),
    ],
)
def test_code_is_fetched_over_https_alone(url: str, asked: str) -> None:
    """Wherever Function Compute says that the code is, only loopback is asked in the clear."""
    assert secured(url).split(":")[0] == asked
    assert secured(url).split(":", 1)[1] == url.split(":", 1)[1]


@pytest.mark.parametrize("expected", [False, True])
def test_a_deploy_drops_no_live_exemption_unsaid(
    sound: Account, capsys: pytest.CaptureFixture[str], expected: bool
) -> None:
    """doctor and apply name it and stop, unless EXPECT_DROP has said so; doctor alone tells it."""
    put_live(sound, zipped(HELD))
    settings = {"EXPECT_DROP": "static-site"} if expected else {}

    assert of_exemptions(sound, **settings) == []
    found = of_exemptions(sound, before_deploy=True, **settings)
    assert len(found) == (0 if expected else 1)
    assert sound.run("apply", "--yes", "--dry-run", **settings) == (0 if expected else 1)
    assert sound.run("apply", "--yes", **settings) == (0 if expected else 1)

    if expected:
        assert live(sound).exemptions().entries == ()
    else:
        assert "EXPECT_DROP=static-site" in found[0].mend
        assert "the live code exempts static-site (public-read until" in capsys.readouterr().err
        assert len(live(sound).exemptions().entries) == 1


def test_one_that_has_ended_stops_no_deploy(sound: Account) -> None:
    """What is live and holds no more can be dropped by anybody."""
    put_live(sound, zipped(HELD.replace("2999-12-31", "2000-01-01")))
    assert of_exemptions(sound, before_deploy=True) == []
    assert sound.run("apply", "--yes") == 0


TODAY = datetime.now(timezone.utc).date()
ENDS, SOONER = TODAY + timedelta(100), TODAY + timedelta(99)
WIDE = Exemption("company-*", "why", "who", ENDS, PUBLIC_READ_WRITE)


@pytest.mark.parametrize(
    ("live_one", "stops"),
    [
        (WIDE._replace(bucket="company-site"), True),
        (WIDE._replace(expires=SOONER), True),  # it is to go on for longer
        (WIDE, False),
        (None, False),  # what was exempt is not to be known
    ],
)
def test_a_deploy_brings_no_new_glob_that_is_too_wide(
    sound: Account, capsys: pytest.CaptureFixture[str], live_one: Exemption | None, stops: bool
) -> None:
    """One that is live already goes on; any other is named by doctor and apply, which stop."""
    put_live(sound, zipped(live_one and dump(Exemptions((live_one,)))))
    code = sound.spec.function.code
    code.write_bytes(with_exemptions(code.read_bytes(), Exemptions((WIDE,))))
    sound.exemptions.write_text(yaml.safe_dump([fields(WIDE)]))
    settings = {"EXPECT_DROP": "company-site"}

    found = look(sound, before_deploy=True, **settings)
    faults = [each for each in found if each.standing is Standing.FAULT]
    ended = sound.run("apply", "--yes", **settings)

    told = f"company-* (public-read-write until {ENDS}) is new to the live code"
    assert ended == len(faults) == int(stops)
    assert (told in capsys.readouterr().err) is stops
    assert all(told in each.what and "code/exemptions.yaml" in each.mend for each in faults)
    assert live(sound).exemptions().entries == ((live_one,) if stops else (WIDE,))
