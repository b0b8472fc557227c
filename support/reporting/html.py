"""Renders the results of a run into one HTML page that opens from disk: ``python -m support.reporting.html``.

The results are the truth and the page a convenience: where Node.js is missing, a line says how to get it and the exit
code stays 0. Opening the page asks nothing of any network: Allure's own page calls an analytics service, this one has
that part taken out, and tells the browser to allow no request at all.
"""

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from support import ROOT

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
_TAIL_LINES = 12


class _RenderError(Exception):
    """The page cannot be rendered, and this sentence says why."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Renders the page; the exit code is 0 also where Node.js is missing, 1 where something went wrong."""
    parser = argparse.ArgumentParser(prog="python -m support.reporting.html", description="Render the HTML report.")
    parser.add_argument("--results", type=Path, default=ROOT / "reports" / "allure-results", help="Allure's results")
    parser.add_argument("--output", type=Path, default=ROOT / "reports" / "allure-report", help="folder of the page")
    options = parser.parse_args(arguments)
    try:
        sys.stdout.write(render(options.results.resolve(), options.output.resolve()) + "\n")
    except _RenderError as error:
        sys.stderr.write(f"No HTML page: {error}\n")
        return 1
    return 0


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
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return NO_NODE.format(results=results)
    page = output / "index.html"
    if _is_newer(page, [*found, results, package / "package-lock.json", package / "allurerc.mjs"]):
        return f"The HTML page is up to date: {page}"
    _install(npm, package)
    _generate(node, package, results, output)
    _keep_offline(page)
    return f"The HTML page: {page}"


def _is_newer(page: Path, sources: Sequence[Path]) -> bool:
    """Whether the page was made from these files; rendering a run twice would count it twice in the history."""
    if not page.exists():
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


def _generate(node: str, package: Path, results: Path, output: Path) -> None:
    """Runs Allure beside the results, where the history is kept too."""
    command = [node, str(package / "node_modules" / "allure" / "cli.js"), "generate"]
    command += ["--config", str(package / "allurerc.mjs"), "--output", str(output), str(results)]
    _run(command, results.parent, "Allure could not render the results", categories=results / "categories.json")
    if not (output / "index.html").exists():
        raise _RenderError(f"Allure left no page in {output}.")


def _run(command: list[str], folder: Path, complaint: str, categories: Path | None = None) -> None:
    """Runs a tool in silence; where it fails, its last lines come with the complaint."""
    environment = os.environ | {"ALLURE_NO_ANALYTICS": "true", "REPORT_CATEGORIES": str(categories or "")}
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
    """Takes the analytics out of the page, and forbids it every other request."""
    html = page.read_text("utf-8")
    html = _ANALYTICS.sub("", html)
    if "googletagmanager" in html or html.count("<head>") != 1:
        page.unlink()
        raise _RenderError("this version of Allure names its analytics in a way that cannot be taken out.")
    page.write_text(html.replace("<head>", f"<head>\n    {_NO_REQUESTS}", 1), "utf-8", newline="\n")


if __name__ == "__main__":
    sys.exit(main())
