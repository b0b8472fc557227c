"""The documents say what is true: links lead somewhere, commands exist, examples run, tables and lists are complete."""

from __future__ import annotations

import ast
import dataclasses
import importlib.util
import inspect
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import support.contract
import support.errors
from support import ROOT
from support.focus_server_api import FocusServerAPI
from support.grpc_stream_client import GrpcStreamClient
from support.server.embedded import EmbeddedServer
from support.settings import Settings
from support.stream.block import Block
from support.stream.frame import Frame
from support.stream.interruption import Interruption
from support.stream.metrics import StreamMetrics
from tests.feature_files import features, titled
from tests.patience import RUN_PATIENCE

README = ROOT / "README.md"
GUIDE = ROOT / "docs" / "GRPC_TESTING_GUIDE.md"
CLIENT_API = ROOT / "docs" / "GRPC_CLIENT_API.md"
TROUBLESHOOTING = ROOT / "docs" / "TROUBLESHOOTING.md"
TLS = ROOT / "docs" / "TLS.md"
PROVING = ROOT / "docs" / "PROVING.md"
FAULT_INJECTION = ROOT / "docs" / "FAULT_INJECTION.md"
LOAD = ROOT / "docs" / "LOAD.md"
BASELINES = ROOT / "docs" / "BASELINES.md"
GUIDES = [GUIDE, CLIENT_API, TROUBLESHOOTING, TLS, PROVING, FAULT_INJECTION, LOAD, BASELINES]
RESULTS = sorted((ROOT / "docs" / "results").glob("*.md"))
HEBREW = ROOT / "docs" / "he" / "README.md"
DOCUMENTS = [
    README,
    HEBREW,
    *GUIDES,
    *RESULTS,
    ROOT / "docs" / "ARCHITECTURE.md",
    ROOT / "docs" / "DIALECTS.md",
    ROOT / "docs" / "RECORDINGS.md",
    ROOT / "docs" / "KNOWN_DEFECTS.md",
    ROOT / "docs" / "CAPTURES.md",
    ROOT / "docs" / "TRACEABILITY.md",
    ROOT / "docs" / "NOTEBOOKS.md",
    ROOT / "docs" / "PYTEST.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    ROOT / "reports" / "README.md",
]
EXAMPLE_SERVER = "http://127.0.0.1:5000"

every_document = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())


def text(document: Path) -> str:
    return document.read_text(encoding="utf-8")


def prose(document: Path) -> str:
    """The text without its code blocks."""
    return re.sub(r"^```.*?^```$", "", text(document), flags=re.MULTILINE | re.DOTALL)


def code_blocks(document: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text(document), flags=re.MULTILINE | re.DOTALL)


def section(document: Path, title: str) -> str:
    """The text under a heading, up to the next one of any level."""
    found = re.search(rf"^#+ {re.escape(title)}\n(.*?)(?=^#+ |\Z)", prose(document), flags=re.MULTILINE | re.DOTALL)
    assert found, f"{document.name} has no section {title!r}"
    return found[1]


def table(lines: str) -> list[list[str]]:
    """The cells of the rows of a table, without its head."""
    rows = [line.strip("|").split("|") for line in lines.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in rows[2:]]


def anchors(document: Path) -> set[str]:
    """What a link can name after ``#``: its headings, as the usual renderers of Markdown write them."""
    headings = re.findall(r"^#+ (.+)$", prose(document), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@every_document
def test_links_lead_somewhere(document: Path) -> None:
    dead = []
    for link in re.findall(r"\]\(([^)]+)\)", prose(document)):
        if re.match(r"https?://", link):
            continue
        path, _, anchor = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        if not target.exists() or (anchor and anchor not in anchors(target)):
            dead.append(link)
    assert dead == []


@every_document
def test_the_doors_that_are_named_exist(document: Path) -> None:
    makefile = text(ROOT / "Makefile")
    for target in re.findall(r"\bmake (acceptance|[a-z]+(?=`|\n| FLAGS| PYTHON))", text(document)):
        assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE), f"there is no make {target}"
    for module in re.findall(r"python -m ((?:support|proving|load|tests)(?:\.\w+)*)", text(document)):
        assert importlib.util.find_spec(module), f"there is no {module}"


def test_every_page_of_the_documents_is_known_to_the_tests() -> None:
    assert set((ROOT / "docs").rglob("*.md")) - set(DOCUMENTS) == set()


def test_the_readme_shows_the_two_commands() -> None:
    shown = [block.splitlines()[0] for block in code_blocks(README, "console")]
    assert {"$ make acceptance", "$ make test"} <= set(shown)


def test_the_commands_of_the_hebrew_guide_are_those_of_the_other_pages() -> None:
    elsewhere = text(README) + text(ROOT / "docs" / "CAPTURES.md")
    shown = [line.removeprefix("$ ") for block in code_blocks(HEBREW, "console") for line in block.splitlines()]
    assert "make acceptance" in shown
    assert [command for command in shown if command not in elsewhere] == []
    named = re.findall(r"-n '(.+?)'", "".join(shown))
    assert set(named) <= {scenario.name for feature in features() for scenario in titled(feature)}
    assert named


def test_the_simulators_options_that_are_named_exist() -> None:
    command = [sys.executable, "-m", "support.simulator", "--help"]
    helped = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for document in DOCUMENTS:
        for line in re.findall(r"support\.simulator((?: --?[a-z][\w-]*(?: \d+)?)+)", text(document)):
            for option in re.findall(r"--[a-z-]+", line):
                assert option in helped, f"{document.name}: {option}"
    for option in re.findall(r"--[a-z-]+", section(GUIDE, "The embedded server")):
        assert option in helped, option


def test_the_page_on_faults_is_complete() -> None:
    command = [sys.executable, "-m", "support.simulator", "--list-faults=json"]
    listed = json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout)
    known = [*listed["faults"], *listed["variants"]]
    shown = [
        row
        for kind in ("Faults", "Variants")
        for row in table(section(FAULT_INJECTION, f"{kind} of production's dialect"))
    ]
    own = [each for each in known if each["dialects"] == ["production"]]
    assert [[row[0].strip("`"), row[-1]] for row in shown] == [[each["name"], each["says"]] for each in own]
    named = re.findall(r"`([\w-]+)`", section(FAULT_INJECTION, "Which dialect has which"))
    assert named == [each["name"] for each in known if each["dialects"] == ["story"]]


@every_document
def test_the_settings_that_are_named_exist(document: Path) -> None:
    variables = {f"FOCUS_{name.upper()}" for name in Settings.model_fields} | {"FOCUS_SERVER_URL"}
    for name in re.findall(r"(?<!\w)(?:-D|--focus) ([\w.]+)=", text(document)):
        assert name in Settings.model_fields or name.startswith("AllureFormatter."), f"there is no setting {name}"
    for name in re.findall(r"\bFOCUS_[A-Z]\w*", text(document)):
        assert name in variables, f"no variable {name} is read"


def test_the_settings_of_the_tables_exist() -> None:
    cells = [row[-1] for row in table(section(GUIDE, "The criteria and their scenarios"))]
    cells += [row[-1] for row in table(section(GUIDE, "Settings"))]
    named = {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}
    assert named - Settings.model_fields.keys() == set()
    assert named, "the tables name settings"


def test_the_example_file_lists_every_setting_and_no_other() -> None:
    keys = re.findall(r"^(?:# )?(\w+):(?= )", text(ROOT / "environments" / "example.yaml"), flags=re.MULTILINE)
    assert sorted(keys) == sorted(Settings.model_fields.keys() - {"environment"})


def scenarios_by_task() -> set[tuple[str, str]]:
    return {
        (tag.removeprefix("task-"), scenario.name)
        for feature in features()
        for scenario in titled(feature)
        for tag in scenario.tags
        if tag.startswith("task-")
    }


def test_the_criteria_table_lists_the_scenarios_that_there_are() -> None:
    rows = table(section(GUIDE, "The criteria and their scenarios"))
    assert {(task, scenario.replace("\\<", "<")) for task, scenario, _ in rows} == scenarios_by_task()


def test_every_dependency_is_explained() -> None:
    files = ("requirements.txt", "requirements-load.txt", "requirements-recordings.txt", "requirements-dev.txt")
    requirements = "".join(text(ROOT / file) for file in files)
    pinned = re.findall(r"^([\w.-]+)==", requirements, flags=re.MULTILINE)
    explained = re.findall(r"^- \*\*([\w.-]+)\*\* \w", section(GUIDE, "Dependencies"), flags=re.MULTILINE)
    assert explained == pinned


def test_the_error_tree_is_the_one_of_the_code() -> None:
    lines = [line.strip() for line in str(support.errors.__doc__).splitlines()]
    drawn = [line for line in lines if line == "FocusError" or "── " in line]
    shown = [line.strip() for block in code_blocks(CLIENT_API, "text") for line in block.splitlines()]
    assert len(drawn) > 1
    assert [line for line in drawn if line not in shown] == []


def signature(shown: str, of: Callable[..., object]) -> list[tuple[str, bool, object]]:
    """Name, whether it is keyword-only, and default of each argument, as a document shows them."""
    [function] = ast.parse(f"def {shown}: ...").body
    assert isinstance(function, ast.FunctionDef)
    arguments = function.args
    defaults = [*[None] * (len(arguments.args) - len(arguments.defaults)), *arguments.defaults]
    pairs = [(name, False, default) for name, default in zip(arguments.args, defaults, strict=True)]
    pairs += [(name, True, default) for name, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)]
    empty = inspect.Parameter.empty
    return [(name.arg, alone, value(default, of) if default else empty) for name, alone, default in pairs]


def value(default: ast.expr, of: Callable[..., object]) -> object:
    """What a default is: a literal, or a name of the module that ``of`` stands in."""
    if isinstance(default, ast.Name):
        return getattr(sys.modules[of.__module__], default.id)
    return ast.literal_eval(default)


def signature_in_code(called: Callable[..., object]) -> list[tuple[str, bool, object]]:
    parameters = [each for each in inspect.signature(called).parameters.values() if each.name != "self"]
    return [(each.name, each.kind is each.KEYWORD_ONLY, each.default) for each in parameters]


def named(cell: str) -> list[str]:
    """The names between backticks, without the arguments of methods."""
    return re.findall(r"`(\w+)(?:\(.*?\))?`", cell)


@pytest.mark.parametrize("client", [GrpcStreamClient, FocusServerAPI])
def test_the_clients_are_called_as_the_document_says(client: type) -> None:
    shown = re.search(rf"^`?({client.__name__}\([^)]*\))", text(CLIENT_API), flags=re.MULTILINE)
    assert shown
    assert signature(shown[1], client) == signature_in_code(client)

    rows = table(section(CLIENT_API, client.__name__))
    methods = [call for row in rows if row for call in re.findall(r"^`(\w+\(.*?\))`", row[0])]
    for call in methods:
        begun, elided, _ = call.partition(", …")
        in_code = signature_in_code(getattr(client, call.partition("(")[0]))
        assert signature(begun + ")" if elided else call, client) == (in_code[:1] if elided else in_code), call
    public = {name for name, value in vars(client).items() if callable(value) and not name.startswith("_")}
    assert {call.partition("(")[0] for call in methods} == public


def test_every_argument_of_the_stream_client_is_explained() -> None:
    explained = [row[0].strip("`") for row in table(section(CLIENT_API, "GrpcStreamClient")) if row]
    wanted = [name for name, _, _ in signature_in_code(GrpcStreamClient)]
    assert explained[: len(wanted)] == wanted


def test_the_models_are_those_of_the_code() -> None:
    shown = re.search(r"^`(JobRequest\([^)]*\))`", text(CLIENT_API), flags=re.MULTILINE)
    assert shown
    fields = support.contract.JobRequest.model_fields.values()
    defaults = [inspect.Parameter.empty if field.is_required() else field.default for field in fields]
    names = support.contract.JobRequest.model_fields
    shown_fields = [(name, default) for name, _, default in signature(shown[1], support.contract.JobRequest)]
    assert shown_fields == list(zip(names, defaults, strict=True))
    answers = [row[2] for row in table(section(CLIENT_API, "FocusServerAPI")) if ":" in row[2]]
    assert answers
    for answer in answers:
        model, *attributes = named(answer)
        assert [name for name in attributes if not known(getattr(support.contract, model), name)] == []


def known(of: type, name: str) -> bool:
    """Whether a class has that attribute, or gives it to its instances."""
    return name in dir(of) or name in getattr(of, "__annotations__", {})


@pytest.mark.parametrize(
    ("title", "of", "inner"),
    [
        ("Frame", Frame, {"shape", "data"}),
        ("Block", Block, {"messages", "stacks", "began"}),
        ("StreamMetrics", StreamMetrics, {"began", "pause_limit"}),
        ("Interruptions", Interruption, {"lines_dt"}),
    ],
)
def test_attributes_are_those_of_the_code(title: str, of: type, inner: set[str]) -> None:
    """Each one that is listed exists; each field of the class is listed, but for ``inner`` ones, which are our own."""
    head = re.split(r"^`as_dict", section(CLIENT_API, title), flags=re.MULTILINE)[0]
    listed = {name for row in table(head) for name in named(row[0])}
    assert {name for name in listed if not known(of, name)} == set()
    assert dataclasses.is_dataclass(of)
    assert {field.name for field in dataclasses.fields(of) if field.name[0] != "_"} - listed == inner


def test_the_fields_of_the_metrics_for_programs_are_those_of_the_code() -> None:
    rows = table(re.split(r"^`as_dict", section(CLIENT_API, "StreamMetrics"), flags=re.MULTILINE)[1])
    assert {name for row in rows for name in named(row[0])} == set(StreamMetrics().as_dict())


@every_document
def test_the_files_that_are_named_exist(document: Path) -> None:
    named = re.findall(
        r"`((?:support|steps|tests|features|proving|load|docs|environments|scripts|protos)/[^`\s]*)`", prose(document)
    )
    assert [path for path in named if "NAME" not in path and not (ROOT / path).exists()] == []


def test_the_modules_of_the_steps_are_all_named() -> None:
    there = {f"steps/{path.name}" for path in (ROOT / "steps").glob("*.py")}
    assert set(re.findall(r"`(steps/\w+\.py)`", section(GUIDE, "A step"))) == there


@pytest.mark.parametrize("document", [GUIDE, CLIENT_API, TLS], ids=lambda path: path.name)
def test_python_examples_are_python(document: Path) -> None:
    for block in code_blocks(document, "python"):
        compile(block, document.name, "exec")


def test_the_examples_of_the_client_print_what_they_promise(embedded: EmbeddedServer) -> None:
    script = "".join(code_blocks(CLIENT_API, "python"))
    assert EXAMPLE_SERVER in script
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", script.replace(EXAMPLE_SERVER, embedded.rest_url)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=RUN_PATIENCE,
    )
    assert run.returncode == 0, run.stderr
    promised = re.findall(r"print\(.*\)  # (.*)$", script, flags=re.MULTILINE)
    printed = run.stdout.splitlines()
    assert len(printed) == len(promised) == script.count("print(")
    exact = [pair for pair in zip(printed, promised, strict=True) if not pair[1].startswith("about ")]
    assert [printed for printed, _ in exact] == [promised for _, promised in exact]
