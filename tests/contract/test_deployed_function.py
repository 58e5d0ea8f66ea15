"""What is read of the live function, and what is done when that cannot be trusted."""

import base64
import io
import zipfile
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

import pytest
import yaml

from resource_repair.exemptions import Exemption, Exemptions, dump
from resource_repair.openness import PUBLIC_READ_WRITE
from scripts.account.deployed_function import DeployedFunction, secured
from scripts.account.package import exemptions_in, with_exemptions
from scripts.decide.chain import Standing
from scripts.errors import Problem
from scripts.localcloud import Fail
from scripts.localcloud.fc.code import Code
from tests.contract.doctor_helpers import Scene, deployed

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


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Everything provisioned and deployed."""
    with deployed(tmp_path_factory.mktemp("project")) as scene:
        yield scene


@pytest.fixture
def scene(shared: Scene) -> Iterator[Scene]:
    """It, left as it was."""
    code = shared.spec().function.code
    built, reviewed = code.read_bytes(), shared.exemptions.read_bytes()
    yield shared
    code.write_bytes(built)
    shared.exemptions.write_bytes(reviewed)
    shared.deploy()


def put_live(scene: Scene, package: bytes) -> None:
    """Have the function run that, whatever is in the folder."""
    spec = scene.spec()
    place = (spec.service.name, spec.function.name)
    fields = {"code": {"zipFile": base64.b64encode(package).decode()}}
    scene.cloud.fc.resources.update_function(*place, fields)


def live(scene: Scene) -> DeployedFunction:
    """The function as it is."""
    return DeployedFunction.read(scene.spec(), scene.clients)


def test_the_exemptions_are_those_of_the_live_code(scene: Scene) -> None:
    """What the function goes by is told, and not what the folder has."""
    put_live(scene, zipped(HELD))
    (entry,) = live(scene).exemptions().entries
    assert (entry.bucket, entry.owner) == ("static-site", "who")


@pytest.mark.parametrize(
    "compiled", [None, "", "[]", '{"exemptions": {}}', HELD.replace("2999-12-31", "soon")]
)
def test_exemptions_that_cannot_be_read_are_a_problem(scene: Scene, compiled: str | None) -> None:
    """Never are there none where they cannot be read; a deploy, which mends it, is not stopped."""
    put_live(scene, zipped(compiled))
    with pytest.raises(Problem, match="cannot be read"):
        live(scene).exemptions()
    found = {each.link: each.standing for each in scene.look()}
    assert found == {"function": Standing.FAULT, "exemptions": Standing.FAULT}
    assert {each.standing for each in scene.look(before_deploy=True)} == {Standing.NOT_YET}
    assert run_apply(scene) == 0


def test_what_is_no_zip_has_no_exemptions() -> None:
    """Bytes that are no zip at all are told likewise."""
    with pytest.raises(Problem, match="of it cannot be read"):
        exemptions_in(b"PK", "it")


def test_a_download_that_was_cut_is_not_taken(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A package whose checksum is not the live one's is another, and nothing is built on it."""
    other = Code(zipped("{}"))
    monkeypatch.setattr(scene.cloud.fc.resources, "code", lambda _: other)
    with pytest.raises(Problem, match="is not what it runs"):
        _ = live(scene).package


def test_a_download_that_is_refused_is_told_without_its_url(scene: Scene) -> None:
    """The URL is a secret: what stood in the way is told, and it is not."""
    scene.cloud.faults.add("fc:DownloadPackage", Fail(403, "AccessDenied"))
    with pytest.raises(Problem, match="the place where the code is stored refuses") as caught:
        _ = live(scene).package
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
    scene: Scene, capsys: pytest.CaptureFixture[str], expected: bool
) -> None:
    """doctor and apply name it and stop, unless EXPECT_DROP has said so; doctor alone tells it."""
    put_live(scene, zipped(HELD))
    settings = {"EXPECT_DROP": "static-site"} if expected else {}

    (differs,) = scene.look(**settings)
    assert "runs other code than is built here" in differs.what
    coming = scene.look(before_deploy=True, **settings)
    found = [each for each in coming if each.standing is not Standing.NOT_YET]
    assert [each.link for each in found] == ([] if expected else ["exemptions"])
    assert run_apply(scene, "--dry-run", **settings) == (0 if expected else 1)
    assert run_apply(scene, **settings) == (0 if expected else 1)

    if expected:
        assert live(scene).exemptions().entries == ()
    else:
        assert "EXPECT_DROP=static-site" in found[0].mend
        assert "the live code exempts static-site (public-read until" in capsys.readouterr().err
        assert len(live(scene).exemptions().entries) == 1


def test_one_that_has_ended_stops_no_deploy(scene: Scene) -> None:
    """What is live and holds no more can be dropped by anybody."""
    put_live(scene, zipped(HELD.replace("2999-12-31", "2000-01-01")))
    (differs,) = scene.look(before_deploy=True)
    assert (differs.link, differs.standing) == ("function", Standing.NOT_YET)
    assert run_apply(scene) == 0


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
    scene: Scene, capsys: pytest.CaptureFixture[str], live_one: Exemption | None, stops: bool
) -> None:
    """One that is live already goes on; any other is named by doctor and apply, which stop."""
    put_live(scene, zipped(live_one and dump(Exemptions((live_one,)))))
    code = scene.spec().function.code
    code.write_bytes(with_exemptions(code.read_bytes(), Exemptions((WIDE,))))
    scene.exemptions.write_text(yaml.safe_dump([WIDE._asdict()]))
    settings = {"EXPECT_DROP": "company-site"}

    found = scene.look(before_deploy=True, **settings)
    faults = [each for each in found if each.standing is Standing.FAULT]
    ended = run_apply(scene, **settings)

    told = f"company-* (public-read-write until {ENDS}) is new to the live code"
    assert ended == len(faults) == int(stops)
    assert (told in capsys.readouterr().err) is stops
    assert all(told in each.what and "code/exemptions.yaml" in each.mend for each in faults)
    assert live(scene).exemptions().entries == ((live_one,) if stops else (WIDE,))


def run_apply(scene: Scene, *arguments: str, **environ: str) -> int:
    """The exit code."""
    options = ["--spec", str(scene.path), "--yes", *arguments]
    return scene.run("apply", *options, **environ)
