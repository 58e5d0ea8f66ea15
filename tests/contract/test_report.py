"""The posture page: written from a local cloud, and looked at in a real browser."""

import functools
import html
import http.server
import json
import re
import resource
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from resource_repair.exemptions import Exemption, Exemptions
from scripts.account.audit_trail import AuditLine
from scripts.decide.posture import posture, verdict
from scripts.decide.view import NOBODY, View
from scripts.localcloud import Fail
from scripts.verbs import report
from scripts.verbs.report.page import Subject, render
from tests import posture_sample
from tests.account import Account
from tests.parts import EITHER

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
PHONE = 390  # CSS pixels
needs_chromium = pytest.mark.skipif(
    CHROMIUM is None, reason="there is no chromium here to look at the page with"
)
NOW = datetime.now(timezone.utc)

# Looks at the page in a frame as wide as a phone, and writes down what it sees.
LOOK = """<!doctype html>
<iframe id=f style="width:%dpx;height:900px;border:0"></iframe><pre id=o></pre>
<script>
f.onload = () => {
  const page = f.contentDocument, view = f.contentWindow;
  const colours = (each) => { const s = view.getComputedStyle(each);
                              return [s.color, s.backgroundColor]; };
  const wide = [...page.querySelectorAll("body *")].filter(
    (each) => each.getBoundingClientRect().right > %d + 1 && !each.closest("thead, svg"));
  o.textContent = JSON.stringify({
    width: page.documentElement.scrollWidth, wide: wide.map((each) => each.tagName),
    body: colours(page.body), tile: colours(page.querySelector(".tiles .open")),
    verdict: colours(page.querySelector(".verdict")),
    banner: colours(page.querySelector(".banner")),
    scripts: page.scripts.length, hacked: window.hacked || 0, words: page.body.innerText,
    loaded: view.performance.getEntriesByType("resource").length,
  });
};
f.src = "report.html";
</script>"""


# Looks at two pages at a desk, at the narrowest that has columns, and on a phone.
DESK = """<!doctype html><pre id=o></pre>
<script>
const lines = [], widths = [];
const looks = [["sample", 1440], ["sample", 1089], ["sample", %d],
               ["crowded", 1440], ["crowded", 1089]];
const look = () => {
  if (!looks.length) { o.textContent = JSON.stringify({ lines, widths }); return; }
  const [name, width] = looks.shift(), frame = document.createElement("iframe");
  frame.style = `width:${width}px;height:900px;border:0`;
  frame.onload = () => {
    const page = frame.contentDocument;
    widths.push([page.documentElement.scrollWidth, page.documentElement.clientWidth]);
    const short = name == "sample" ? "td.owner *, td.region *, td.ends *" : "none";
    for (const each of page.querySelectorAll(short)) {
      const range = page.createRange();
      range.selectNodeContents(each.firstChild);
      const tops = new Set([...range.getClientRects()].map((box) => Math.round(box.top)));
      lines.push([width, each.innerText.trim(), tops.size]);
    }
    look();
  };
  frame.src = `${name}.html`;
  document.body.append(frame);
};
look();
</script>"""


@EITHER
def test_the_page_tells_how_the_account_stands(
    product: Account, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is open, repaired and exempt is told to whoever has the permissions of the help."""
    product.plant(forgotten="public-read")
    bucket = product.bucket("config-closed")
    bucket.create_bucket()
    bucket.put_bucket_acl("public-read")
    product.rest()
    output = tmp_path / "deeper" / "report.html"

    arguments = ("--json", "--output", str(output))
    assert product.run("report", *arguments, may=report.VERB.permissions) == 0

    told = json.loads(capsys.readouterr().out)
    assert {name: count for name, count in told["buckets"].items() if count} == {
        "open": 1,
        "closed": 1,
    }
    assert told["time_to_fix"]["repairs"] == told["closed_findings"] == 1
    assert told["verdict"] == "1 bucket is open, and nothing exempts it."
    page = output.read_text("utf-8")
    assert "forgotten" in page
    assert "runs in mode enforce" in page


def test_a_dry_run_writes_nothing(product: Account, tmp_path: Path) -> None:
    """With --dry-run the figures are said, and no file is made."""
    output = tmp_path / "report.html"
    assert product.run("report", "--dry-run", "--output", str(output)) == 0
    assert not output.exists()


@pytest.mark.parametrize("since", ["tomorrow", "9999-01-01"])
def test_a_time_that_is_none_is_refused(product: Account, since: str) -> None:
    """What is no time, or not in the past, is a usage error."""
    assert product.run("report", "--since", since) == 2


def test_a_page_that_cannot_be_written_is_one_line(
    product: Account, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A place where no file can be is a usage error that names it."""
    (tmp_path / "a-file").touch()
    for place in (tmp_path, tmp_path / "a-file/report.html", Path("/dev/full")):
        assert product.run("report", "--output", str(place)) == 2
        assert capsys.readouterr().err.startswith(f"{place} cannot be written: ")


def test_a_full_disk_leaves_the_page_that_was_there(product: Account, tmp_path: Path) -> None:
    """The new page takes the old one's place whole, or not at all, and leaves nothing beside it."""
    output = tmp_path / "report.html"
    output.write_text("the page of yesterday")
    output.chmod(0o604)
    with no_file_over(2000):
        assert product.run("report", "--output", str(output)) == 2
    assert output.read_text() == "the page of yesterday"
    assert list(tmp_path.glob("report.html*")) == [output]

    link = tmp_path / "link.html"
    link.symlink_to(output)
    assert product.run("report", "--output", str(link)) == 0
    assert link.is_symlink()
    assert output.read_text("utf-8").startswith("<!doctype html>")
    assert output.stat().st_mode & 0o777 == 0o604


@contextmanager
def no_file_over(size: int) -> Iterator[None]:
    """No file can grow larger meanwhile, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_pause_is_a_banner(product: Account, tmp_path: Path) -> None:
    """The page of a paused function says so before all else."""
    output = tmp_path / "report.html"
    assert product.run("pause", "--reason", "the site moves") == 0
    assert product.run("report", "--output", str(output)) == 0
    body = output.read_text("utf-8").partition("<body>")[2]
    assert body.lstrip().startswith('<p class="banner">Nothing is closed: the function is paused')
    assert "(the site moves)" in body


def test_what_cannot_be_read_is_named_on_the_page(
    product: Account, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without the audit trail and the code the rest is shown, and both gaps are named."""
    output = tmp_path / "report.html"
    denied = Fail(403, "Unauthorized", "denied by ram")
    product.cloud.faults.add("log:GetLogStoreLogs", denied, times=9)
    product.cloud.faults.add("fc:GetFunctionCode", Fail(403, "AccessDenied"), times=9)
    assert product.run("report", "--output", str(output)) == 1
    page, said = output.read_text("utf-8"), capsys.readouterr().err
    assert "Nothing was repaired" not in page
    for operation in ("log:GetLogStoreLogs", "fc:GetFunctionCode"):
        assert f"Not read: {operation}" in page
        assert operation in said


def crowded() -> str:
    """A page with everything on it, and names that would be more than text."""
    nasty = '"><img src=x onerror="top.hacked=1"><script>top.hacked=1</script>\u202e'
    lines = [
        AuditLine(NOW - timedelta(days=n % 20), outcome, f"reopened-{n % 3}", reason=nasty)
        for n, outcome in enumerate(["repaired", "failed", "would_repair", "repaired"] * 9)
    ]
    views = [
        View(name, "cn-shanghai", None, "public-read", True, NOBODY, None, lines[0])
        for name in ("a" * 63, nasty, "forgotten")
    ]
    ends = NOW.date() + timedelta(days=3)
    exempt = Exemption("site-" + "x" * 58, nasty, nasty, ends, "public-read")
    shown = posture(views, Exemptions((exempt,)), lines, NOW - timedelta(days=20), NOW)
    where = ("1208863178610000", "cn-shanghai", "test-oss-bucket-public-read-prohibited")
    brake = posture_sample.PAUSE._replace(why=nasty)
    subject = Subject(*where, "runs in mode enforce", NOW, NOW, (nasty,), brake)
    return render(subject, shown, verdict(shown, brake, whole=False))


@contextmanager
def serving(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """The folder's files by http on loopback, and what was asked for."""
    asked: list[str] = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            asked.append(self.path)

    handler = functools.partial(Handler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/", asked
        finally:
            server.shutdown()
            thread.join()


def looked_at(folder: Path, script: str, scheme: str) -> tuple[dict[str, Any], set[str]]:
    """What a script in a browser writes down about the folder's pages, and which were asked for."""
    (folder / "look.html").write_text(script, "utf-8")
    with serving(folder) as (url, asked):
        done = subprocess.run(
            [
                str(CHROMIUM),
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--hide-scrollbars",  # as on a phone
                "--disable-dev-shm-usage",
                "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
                "--disable-background-networking",
                f"--user-data-dir={folder / 'profile'}",
                f"--blink-settings=preferredColorScheme={0 if scheme == 'dark' else 1}",
                "--virtual-time-budget=5000",
                "--dump-dom",
                f"{url}look.html",
            ],
            capture_output=True,
            text=True,
            check=True,
            timeout=100,
        )
    written = re.search(r'<pre id="o">(.*?)</pre>', done.stdout, re.DOTALL)
    assert written, done.stderr[-2000:]
    return json.loads(html.unescape(written[1])), set(asked) - {"/favicon.ico"}


@needs_chromium
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_browser_shows_the_page_on_a_phone(tmp_path: Path, scheme: str) -> None:
    """In either colour scheme nothing is wider than a phone, runs, or comes from elsewhere."""
    (tmp_path / "report.html").write_text(crowded(), "utf-8")
    seen, asked = looked_at(tmp_path, LOOK % (PHONE, PHONE), scheme)
    assert seen["width"] <= PHONE
    assert seen["wide"] == []
    assert (seen["hacked"], seen["scripts"], seen["loaded"]) == (0, 0, 0)
    assert asked == {"/look.html", "/report.html"}
    assert "forgotten" in seen["words"]
    assert "<script>" in seen["words"]
    text, ground = (brightness(each) for each in seen["body"])
    assert (text > ground) == (scheme == "dark")
    for each in ("tile", "verdict"):
        assert contrast(seen[each][0], seen["body"][1]) >= 4.5
    assert contrast(*seen["banner"]) >= 4.5


@needs_chromium
def test_a_browser_breaks_no_address_and_no_region(tmp_path: Path) -> None:
    """Owners, regions and dates stand in one line each; what is too long is broken all the same."""
    (tmp_path / "sample.html").write_text(posture_sample.page(), "utf-8")
    (tmp_path / "crowded.html").write_text(crowded(), "utf-8")
    seen, _ = looked_at(tmp_path, DESK % PHONE, "light")
    words = {(width, each): lines for width, each, lines in seen["lines"]}
    for width in (PHONE, 1089, 1440):
        assert words[width, "marketing@example.com"] == words[width, "cn-shanghai"] == 1
    assert {each for each, lines in words.items() if lines > 1 and each[0] != PHONE} == set()
    assert [width for width, _ in seen["widths"]] == [room for _, room in seen["widths"]]


def channels(colour: str) -> list[float]:
    """The red, green and blue of `rgb(1, 2, 3)`."""
    return [int(each) / 255 for each in re.findall(r"\d+", colour)[:3]]


def brightness(colour: str) -> float:
    """The relative luminance, as WCAG defines it."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels(colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours; from 4.5 a text is easy to read."""
    dark, light = sorted((brightness(one), brightness(other)))
    return (light + 0.05) / (dark + 0.05)
