"""Renders the results of a run into one HTML page that opens from disk: ``python -m support.reporting.html``.

The results are the truth and the page a convenience: where Node.js is missing, a line says how to get it and the exit
code stays 0. Opening the page asks nothing of any network: Allure's own page calls an analytics service, this one has
that part taken out, and tells the browser to allow no request at all.
"""

import argparse
import base64
import hashlib
import json
import math
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from support import ROOT
from support.machine.ending import Interrupted, interruptible
from support.reporting import run_mark
from support.reporting.outcome import Outcome
from support.wording import legible

NO_NODE = "No HTML page: it takes Node.js 20 or later with npm (https://nodejs.org); the results are in {results}."

PACKAGE = Path(__file__).parent / "page"

_ANALYTICS = re.compile(
    r'\s*<script async src="https://www\.googletagmanager\.com/[^"]*"></script>\s*<script>(?:(?!</script>).)*gtag\('
    r"(?:(?!</script>).)*</script>",
    re.DOTALL,
)
_NO_REQUESTS = (
    '<meta http-equiv="Content-Security-Policy" '
    "content=\"default-src data: blob: 'unsafe-inline' 'unsafe-eval'; form-action 'none'\">"
)
_NO_GATES = '<style>[data-testid="nav-tab-qualityGate"] { display: none }</style>'
"""Allure's page has a place for gates that nobody sets here: the release sheet is the one."""

_TAIL_LINES = 12

_ANNOUNCED = "<!-- stands here until the page of the run is rendered -->"
_ANNOUNCEMENT = """<!DOCTYPE html>
{mark}
<html lang="en"><head><meta charset="utf-8"><title>{heading}</title></head>
<body style="font: 1.1em sans-serif; margin: 3em"><h1>{heading}</h1><p>{words}.</p>
<p>Its results are not rendered here: <code>python -m support.reporting.html</code></p></body></html>
"""
_SHARE = re.compile(r'(\("widgets/(?:default/)?pie_chart\.json",\s*")([A-Za-z0-9+/=]+)(")')


class _RenderError(Exception):
    """The page cannot be rendered, and this sentence says why."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Renders the page.

    Returns:
        The exit code: 0 also where Node.js is missing; 1 where something went wrong, or the run is no verdict; 128 and
        the number of the signal where one came.
    """
    parser = argparse.ArgumentParser(prog="python -m support.reporting.html", description="Render the HTML report.")
    parser.add_argument("--results", type=Path, default=ROOT / "reports" / "allure-results", help="Allure's results")
    parser.add_argument("--output", type=Path, default=ROOT / "reports" / "allure-report", help="folder of the page")
    options = parser.parse_args(arguments)
    results = options.results.resolve()
    try:
        with interruptible():
            sys.stdout.write(render(results, options.output.resolve()) + "\n")
    except (_RenderError, OSError) as error:
        sys.stderr.write(f"No HTML page: {error}\n")
        return 1
    except Interrupted as interruption:
        sys.stderr.write(f"No HTML page: {interruption}\n")
        return interruption.exit_code
    run = run_mark.read(results.parent)
    if run is not None and run.ending:
        sys.stderr.write(f"NO VERDICT: {run.sentence}\n")
        return 1
    return 0


def announce(page: Path, heading: str, words: str) -> None:
    """Puts a page there that says how a run stands, until its own is rendered: the one before says nothing of it."""
    page.parent.mkdir(parents=True, exist_ok=True)
    text = _ANNOUNCEMENT.format(mark=_ANNOUNCED, heading=escape(heading), words=escape(words[:1].upper() + words[1:]))
    page.write_text(legible(text), "utf-8")


def render(results: Path, output: Path, package: Path = PACKAGE) -> str:
    """Renders ``results`` into ``output/index.html``; the history of runs lies beside the results.

    Args:
        package: folder of package.json, of the settings of npm and Allure, and of the tools that npm installs.

    Returns:
        A sentence: where the page is, or that it takes Node.js.
    """
    found = list(results.glob("*-result.json"))
    if not found:
        raise _RenderError(f"there are no results in {results}; run behave first.")
    found_tools = tools()
    if found_tools is None:
        return NO_NODE.format(results=results)
    node, npm = found_tools
    page = output / "index.html"
    if _is_newer(page, [*found, results, package / "package-lock.json", package / "allurerc.mjs"]):
        return f"The HTML page is up to date: {page}"
    _install(npm, package)
    made = _generate(node, package, results, output.with_name(f"{output.name}.new"), _title(results, found))
    _keep_offline(made)
    _count_all(made)
    output.mkdir(parents=True, exist_ok=True)
    made.replace(page)
    shutil.rmtree(made.parent)
    return f"The HTML page: {page}"


def tools() -> tuple[str, str] | None:
    """Where Node.js and npm are; None where one is missing."""
    node, npm = shutil.which("node"), shutil.which("npm")
    return (node, npm) if node and npm else None


def _title(results: Path, found: Sequence[Path]) -> str:
    """What the page is called: how many scenarios came to what, and that the run is no verdict where it is none."""
    outcomes = Counter(_outcome(json.loads(path.read_text("utf-8"))) for path in found)
    run = run_mark.read(results.parent)
    said = [f"NO VERDICT, {run.sentence}"] if run is not None and run.ending else []
    ran = sum(outcomes.values()) - outcomes["skipped"] - outcomes["not run"]
    said.append(f"{ran} of {sum(outcomes.values())} scenarios ran")
    said += [
        f"{outcomes[name]} {name}" for name in ("failed", "broken", "not run", "known", "skipped") if outcomes[name]
    ]
    return f"Focus Server stream acceptance: {', '.join(said)}"


def _outcome(result: dict[str, Any]) -> str:
    return Outcome(result.get("status", "unknown"), result.get("statusDetails", {}).get("message")).name


def _count_all(page: Path) -> None:
    """Makes the share in the page's ring that of all scenarios: Allure leaves those out that were skipped."""

    def of_all(match: re.Match[str]) -> str:
        ring = json.loads(base64.b64decode(match[2]))
        counts = {part["status"]: part["count"] for part in ring["slices"]}
        ring["percentage"] = math.floor(10_000 * counts.get("passed", 0) / max(sum(counts.values()), 1)) / 100
        return match[1] + base64.b64encode(json.dumps(ring).encode()).decode() + match[3]

    page.write_text(_SHARE.sub(of_all, page.read_text("utf-8")), "utf-8", newline="\n")


def _is_newer(page: Path, sources: Sequence[Path]) -> bool:
    """Whether the page was made from these files; rendering a run twice would count it twice in the history."""
    if not page.exists() or _ANNOUNCED in page.read_text("utf-8", errors="replace")[:200]:
        return False
    return page.stat().st_mtime_ns > max(path.stat().st_mtime_ns for path in sources if path.exists())


def _install(npm: str, package: Path) -> None:
    """Installs what package-lock.json names, once: again only when it changed."""
    wanted = hashlib.sha256((package / "package.json").read_bytes() + (package / "package-lock.json").read_bytes())
    stamp = package / "node_modules" / ".installed-from"
    if stamp.exists() and stamp.read_text("ascii") == wanted.hexdigest():
        return
    sys.stdout.write("Installing the report's tools with npm, once ...\n")
    sys.stdout.flush()
    _run([npm, "ci"], package, "npm could not install the report's tools (is there a network?)")
    stamp.write_text(wanted.hexdigest(), "ascii")


def _generate(node: str, package: Path, results: Path, output: Path, title: str) -> Path:
    """Runs Allure beside the results, where the history is kept too, and answers the page that it made."""
    shutil.rmtree(output, ignore_errors=True)
    run = run_mark.read(results.parent)
    told = {"REPORT_CATEGORIES": str(results / "categories.json"), "REPORT_NAME": title}
    if run is not None and run.ending:
        told["REPORT_WITHOUT_HISTORY"] = "1"
    command = [node, str(package / "node_modules" / "allure" / "cli.js"), "generate"]
    command += ["--config", str(package / "allurerc.mjs"), "--output", str(output), str(results)]
    _run(command, results.parent, "Allure could not render the results", told)
    if not (output / "index.html").exists():
        raise _RenderError(f"Allure left no page in {output}.")
    return output / "index.html"


def _run(command: list[str], folder: Path, complaint: str, told: Mapping[str, str] | None = None) -> None:
    """Runs a tool in silence; where it fails, its last lines come with the complaint."""
    environment = os.environ | {"ALLURE_NO_ANALYTICS": "true"} | dict(told or {})
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode != 0:
        tail = "\n".join(f"  {line}" for line in done.stdout.strip().splitlines()[-_TAIL_LINES:])
        raise _RenderError(f"{complaint}; exit code {done.returncode}:\n{tail}")


def _keep_offline(page: Path) -> None:
    """Takes the analytics out of the page, forbids it every other request, and hides what is always empty."""
    html = page.read_text("utf-8")
    html = _ANALYTICS.sub("", html)
    if "googletagmanager" in html or html.count("<head>") != 1:
        page.unlink()
        raise _RenderError("this version of Allure names its analytics in a way that cannot be taken out.")
    page.write_text(html.replace("<head>", f"<head>\n    {_NO_REQUESTS}\n    {_NO_GATES}", 1), "utf-8", newline="\n")


if __name__ == "__main__":
    sys.exit(main())
