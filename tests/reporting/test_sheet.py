"""The release sheet: what it says of a run, that it says the same in every shape, and that everybody can read it."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Sequence
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
import yaml

from support.reporting.sheet import history, output, told
from support.reporting.sheet.causes import causes_in
from support.reporting.sheet.criteria import criteria
from support.reporting.sheet.facts import KINDS, Figure, worst
from support.reporting.sheet.summary import Kept, Known, Release, Summary, Told
from support.reporting.sheet.words import Words
from support.settings import Language

ENGLISH = Words(Language.EN)
DIRECTIONS = {Language.EN: "ltr", Language.HE: "rtl"}
FIRST_FRAME = Figure("first_frame_within", 0.09, 5.0)


def of_criteria(outcome: str = "passed", **changes: str) -> list[Told]:
    """A scenario for each criterion, with this outcome, or with that which is named for its number."""
    outcomes = {name.replace("_", "."): other for name, other in changes.items()}
    return [
        Told(f"scenario of {number}", "a feature", outcomes.get(f"c{number}", outcome), criterion=number)
        for number in criteria()
    ]


def run(
    scenarios: Sequence[Told],
    *,
    ending: str = "",
    is_good: bool = True,
    known: Known | None = None,
    passes: Sequence[str] = ("story",),
) -> Summary:
    return Summary(
        began=1_790_000_000.0,
        seconds=89.4,
        ending=ending,
        is_good=is_good,
        about={"server": "Focus Server at http://127.0.0.1:9", "server version": "4.2"},
        passes=passes,
        is_embedded=False,
        known=known or Known(),
        scenarios=scenarios,
    )


SELF_TEST = Told("a fault is found", "selftest", "failed", is_self_test=True)
OTHER = Told("a job is refused", "jobs", "failed", "it was accepted")
NOBODY_CHOSE = [replace(one, is_chosen=False) for one in of_criteria("skipped")]

SAID = {
    "all is well": (run(of_criteria()), Release.MAY, "All 10 acceptance criteria are kept."),
    "one cannot be checked here": (
        run(of_criteria(c1_3_4="skipped")),
        Release.MAY,
        "9 of the 10 acceptance criteria are kept. Could not be checked here: 1.3.4.",
    ),
    "known": (
        run(of_criteria(c1_3_3="known"), known=Known(seen=["ABC-1, heights (since 2026-01-01)"])),
        Release.MAY,
        "are kept. Not kept, by known defects alone: 1.3.3. Known defects that showed: 1.",
    ),
    "a criterion": (
        run(of_criteria(c1_3_2="failed", c1_5_1="failed"), is_good=False),
        Release.MAY_NOT,
        "Acceptance criteria that are not kept: 1.3.2, 1.5.1.",
    ),
    "another promise": (
        run([*of_criteria(), OTHER], is_good=False),
        Release.MAY_NOT,
        "promises that are broken: 1.",
    ),
    "broken": (run(of_criteria(c1_4_1="broken"), is_good=False), Release.NO_VERDICT, "so that nobody knows: 1."),
    "a self-test": (run([*of_criteria(), SELF_TEST], is_good=False), Release.NO_VERDICT, "went wrong: 1 of 1."),
    "around": (run(of_criteria(), is_good=False), Release.NO_VERDICT, "Something went wrong around the scenarios"),
    "cut off": (
        run(of_criteria(c1_3_2="failed", c1_5_2="not run"), ending="it was killed", is_good=False),
        Release.NO_VERDICT,
        "This run has not come to its end: it was killed. Scenarios that ran: 9 of 10.",
    ),
    "a part": (run([*of_criteria()[:3], *NOBODY_CHOSE[3:]]), Release.NO_VERDICT, "a part only: 3 of the 10"),
    "nothing of the criteria": (run([Told("one", "f", "passed")]), Release.NO_VERDICT, "a part only: 0 of the 10"),
}


@pytest.mark.parametrize("case", SAID)
def test_the_first_sentence_says_whether_the_server_may_be_released(case: str) -> None:
    of_run, release, sentence = SAID[case]
    assert of_run.release is release
    assert sentence in " ".join(told.sentences(of_run, ENGLISH))
    assert f"<h1>{ENGLISH(release)}</h1>" in told.as_page(of_run, ENGLISH)


def test_only_a_run_with_a_good_exit_code_lets_a_server_be_released() -> None:
    assert all(of_run.is_good for of_run, release, _ in SAID.values() if release is Release.MAY)


def test_a_criterion_is_as_bad_as_its_worst_scenario_in_each_pass() -> None:
    of_run = run(
        [
            Told("a", "f", "passed", criterion="1.3.1"),
            Told("b", "f", "skipped", "cannot", criterion="1.3.1"),
            Told("a", "f", "skipped", "cannot", criterion="1.3.1", dialect="production"),
            Told("a", "f", "passed", criterion="1.3.2"),
            Told("a", "f", "failed", criterion="1.3.2", dialect="production"),
        ],
        passes=("story", "production"),
    )
    first, second, third, *_ = of_run.criteria
    assert (first.kept, first.worst_kept) == ([Kept.KEPT, Kept.UNCHECKED], Kept.KEPT)
    assert (second.kept, second.worst_kept) == ([Kept.KEPT, Kept.BROKEN], Kept.BROKEN)
    assert (third.kept, third.worst_kept) == ([Kept.UNCHECKED] * 2, Kept.UNCHECKED)


def test_of_figures_the_worst_is_told_and_counts_are_added() -> None:
    figures = [
        (Figure("first_frame_within", 0.09, 5.0), "a"),
        (Figure("first_frame_within", 0.2, 5.0), "b"),
        (Figure("first_frame_within", None, 5.0), "c"),
        (Figure("frame_rate_above", 20.0, 10.0), "a"),
        (Figure("frame_rate_above", 12.0, 10.0), "b"),
        (Figure("lines_lost", 0, 100), "a"),
        (Figure("lines_lost", 3, 200), "b"),
    ]
    for order in itertools.permutations(figures, len(figures)):
        assert {figure.kind: (figure, place) for figure, place in worst(order)} == {
            "first_frame_within": (Figure("first_frame_within", 0.2, 5.0), "b"),
            "frame_rate_above": (Figure("frame_rate_above", 12.0, 10.0), "b"),
            "lines_lost": (Figure("lines_lost", 3, 300), "b"),
        }


@pytest.mark.parametrize(
    ("figure", "words"),
    [
        (FIRST_FRAME, "first frame after 0.09 s of 5 s"),
        (Figure("frame_rate_above", 20.04, 10.0), "20.0 frames a second, of more than 10"),
        (Figure("end_within", 0.00042, 2.0), "ended 0.00042 s after the last frame, of 2 s"),
        (Figure("lines_lost", 0, 12_340), "0 of 12,340 lines lost"),
        (Figure("frames_in_time", 99.5, 95.0), "99.5 % of the frames in time, of at least 95 %"),
        (Figure("end_within", None, 2.0), "ended - after the last frame, of 2 s"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_figure_says_what_was_measured_and_what_was_asked(figure: Figure, words: str) -> None:
    assert told.measured(figure, ENGLISH) == words


@pytest.mark.parametrize("language", Language)
def test_every_figure_and_every_outcome_can_be_said(language: Language) -> None:
    say = Words(language)
    for kind in KINDS:
        assert told.measured(Figure(kind, 1.0, 2.0), say)
    for name in (*Kept, *Release, *told.OUTCOMES):
        assert say(name)


def test_all_languages_say_the_same() -> None:
    folder = Path(told.__file__).parent
    english, *others = (yaml.safe_load((folder / f"{language}.yaml").read_text("utf-8")) for language in Language)
    fields = {name: sorted(re.findall(r"\{\w+\}", said)) for name, said in english.items()}
    for other in others:
        own = {name: said for name, said in other.items() if not name.startswith(("criterion ", "about "))}
        assert {name: sorted(re.findall(r"\{\w+\}", said)) for name, said in own.items()} == fields
        for number, words in criteria().items():
            assert re.findall(r"\d+", other[f"criterion {number}"]) == re.findall(r"\d+", words)


class Page(HTMLParser):
    """What a page is made of; its tags have to be closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag != "meta":
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data if self._open[-1:] != ["style"] else ""

    def all(self, name: str) -> list[str | None]:
        """The values of all attributes of this name."""
        return [attributes[name] for _, attributes in self.tags if name in attributes]


HOSTILE = "<script>alert(1)</script> & \x1b[31m \u202e"


def test_the_page_needs_nothing_beside_it() -> None:
    text = told.as_page(run([*of_criteria(c1_3_2="failed"), OTHER], is_good=False), ENGLISH)
    page = Page(text)
    assert {tag for tag, _ in page.tags} & {"script", "link", "img", "iframe", "object"} == set()
    assert not re.search(r"@import|url\(", text)
    assert page.all("src") == []
    assert {str(target).partition("#")[0] for target in page.all("href")} == {
        "allure-report/index.html",
        "traceability.html",
    }
    assert "default-src 'none'" in text


def test_what_a_server_says_is_shown_and_not_obeyed() -> None:
    told_of = Told(HOSTILE, HOSTILE, "failed", HOSTILE, criterion="1.3.2")
    of_run = run([*of_criteria(), told_of], is_good=False, known=Known(seen=[HOSTILE]))
    page = Page(told.as_page(of_run, ENGLISH))
    assert "script" not in {tag for tag, _ in page.tags}
    assert page.text.count("<script>alert(1)</script> & \\x1b[31m \\u202e") == 4
    assert not re.search(r"(?<!\\)<|[\x1b\u202e]", told.as_text(replace(of_run, about={HOSTILE: HOSTILE}), ENGLISH))


@pytest.mark.parametrize("language", Language)
def test_the_page_can_be_heard(language: Language) -> None:
    say = Words(language)
    page = Page(told.as_page(run([*of_criteria(c1_3_2="failed"), OTHER], is_good=False), say))
    [root] = [attributes for tag, attributes in page.tags if tag == "html"]
    assert (root["lang"], root["dir"]) == (language, DIRECTIONS[language])
    assert [tag for tag, _ in page.tags if re.fullmatch(r"h\d", tag)][:2] == ["h1", "h2"]
    assert {tag for tag, _ in page.tags if re.fullmatch(r"h\d", tag)} == {"h1", "h2"}
    assert {"header", "main", "footer"} <= {tag for tag, _ in page.tags}
    assert all("scope" in attributes for tag, attributes in page.tags if tag == "th")
    for number, words in criteria().items():
        assert f"{number} {say.translated('criterion', number, words)}" in page.text


def _luminance(colour: str) -> float:
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_every_colour_of_words_stands_out_from_what_is_behind_it() -> None:
    text = told.as_page(run(of_criteria()), ENGLISH)
    blocks = re.findall(r":root \{(.*?)\}", text, re.DOTALL)
    themes = [dict(re.findall(r"--([\w-]+): (#\w{6});", block)) for block in blocks]
    assert len(themes) == 3
    tints = ["page", "good-tint", "bad-tint", "open-tint"]
    seen = {"ink": tints, "quiet": tints, **{name: ["page"] for name in ("link", "good", "bad", "open")}}
    for theme, (ink, grounds) in itertools.product(themes, seen.items()):
        for ground in grounds:
            lighter, darker = sorted((_luminance(theme[ink]), _luminance(theme[ground])), reverse=True)
            assert (lighter + 0.05) / (darker + 0.05) >= 4.5, (ink, ground)


def test_the_text_says_what_the_page_says(tmp_path: Path) -> None:
    of_run = run([*of_criteria(c1_3_2="failed"), OTHER], is_good=False)
    for language in Language:
        output.write(tmp_path, of_run, language)
        page = Page((tmp_path / "index.html").read_text("utf-8"))
        text = (tmp_path / "summary.md").read_text("utf-8")
        for sentence in told.sentences(of_run, Words(language)):
            assert sentence in page.text
            assert sentence in text
        assert [line.split()[1] for line in text.splitlines() if re.match(r"\| 1\.", line)] == list(criteria())


def test_the_console_ends_with_the_verdict_and_where_the_sheet_is(tmp_path: Path) -> None:
    first, criteria_line, *_, last = output.last_lines(tmp_path, run(of_criteria(c1_3_4="skipped"))).splitlines()
    assert first.startswith("Release sheet: May be released. 9 of the 10 acceptance criteria are kept. Could not")
    assert criteria_line == "  The acceptance criteria: 9 kept, 1 not checked"
    assert last.strip() == str(tmp_path / "index.html")


DEAD = "Expected: alive\n     but: 1 finding:\n  - sensor 4 is dead (all zero): the same in 5 rows (frame 11)"
OF_ONE_CAUSE = [
    Told("first", "f", "failed", DEAD, criterion="1.4.4"),
    Told("second", "f", "failed", DEAD.replace("sensor 4", "sensor 1108").replace("1 finding", "12 findings")),
    Told(
        "third",
        "f",
        "failed",
        "Expected: all\n     but: \n  - sensors alive: sensor 7 is dead (all zero): the same in 5 "
        "rows (frame 2), in 'first', job 0-17\n  - and 3 more",
    ),
]


def test_failures_of_one_cause_are_told_as_one() -> None:
    of_run = run([*of_criteria(), *OF_ONE_CAUSE], is_good=False)
    assert [(cause.first.title, [one.title for one in cause.same]) for cause in of_run.causes] == [
        ("first", ["second", "third"])
    ]
    assert told.as_text(of_run, ENGLISH).count("is dead") == 1
    text = Page(told.as_page(of_run, ENGLISH)).text
    assert text.count("is dead") == 1
    assert "The same, and nothing else, in: second; third" in " ".join(text.split())
    [first] = told.as_lines(of_run, ENGLISH, Path("index.html"))[:1]
    assert "Scenarios in which something is wrong: 3; different causes: 1." in first
    assert "Other promises" not in first


def test_a_list_of_another_length_is_no_other_cause() -> None:
    listed = ("0 is", "3, 4 are", "1105, 1106, 1107, 1108, 1109 and 6 more are")
    causes = {cause for sensors in listed for cause in causes_in(f"- row 4 of the frame: sensor {sensors} missing")}
    assert len(causes) == 1


@pytest.mark.parametrize(
    "other",
    [
        Told("also", "f", "failed", DEAD + "\n  - 3 lines are missing after 12:00:01.250 (row 125)"),
        Told("frozen", "f", "failed", DEAD.replace("dead (all zero)", "frozen")),
        Told("broke", "f", "broken", DEAD),
        Told("self-test", "f", "failed", DEAD, is_self_test=True),
        Told("silent", "f", "failed"),
    ],
    ids=lambda one: one.title,
)
def test_what_is_wrong_besides_is_not_hidden_by_a_cause_that_is_told(other: Told) -> None:
    assert other in [cause.first for cause in run([*OF_ONE_CAUSE, other], is_good=False).causes]


def test_what_changed_since_the_run_before_is_told() -> None:
    before = run(of_criteria(c1_3_2="failed"), is_good=False).record
    now = replace(run(of_criteria(c1_5_1="failed"), is_good=False), past=[before])
    assert [one.criterion for one in now.newly_wrong] == ["1.5.1"]
    assert [one.criterion for one in now.right_again] == ["1.3.2"]
    assert now.flaky == []
    page = Page(told.as_page(now, ENGLISH))
    assert "newly wrong: scenario of 1.5.1" in page.text
    assert "right again: scenario of 1.3.2" in page.text


def test_a_scenario_that_is_now_right_and_now_wrong_is_named() -> None:
    outcomes = ("passed", "failed", "passed")
    runs = [run(of_criteria(c1_5_1=outcome)) for outcome in outcomes]
    past = [one.record for one in runs[:-1]]
    assert [one.criterion for one in replace(runs[-1], past=past).flaky] == ["1.5.1"]
    of_another_version = [replace(record, version="4.1") for record in past]
    assert replace(runs[-1], past=of_another_version).flaky == []


def test_the_trend_of_a_figure_is_drawn_and_told() -> None:
    def measuring(seconds: float) -> Summary:
        return run([replace(one, figures=[replace(FIRST_FRAME, measured=seconds)]) for one in of_criteria()])

    now = replace(measuring(0.3), past=[measuring(seconds).record for seconds in (0.1, 0.2)])
    page = Page(told.as_page(now, ENGLISH))
    assert set(page.all("aria-label")) == {"3 runs, from 0.1 s to 0.3 s"}
    assert set(page.all("points")) == {"1.0,13.0 30.0,7.0 59.0,1.0"}
    assert "points" not in {
        name for _, attributes in Page(told.as_page(run(of_criteria()), ENGLISH)).tags for name in attributes
    }


def test_the_history_is_one_file_of_bounded_size_that_survives_what_it_cannot_read(tmp_path: Path) -> None:
    record = run(of_criteria()).record
    for count in range(60):
        history.append(tmp_path, [*history.read(tmp_path), replace(record, began=float(count))])
    file = tmp_path / "history.jsonl"
    assert [one.began for one in history.read(tmp_path)] == list(map(float, range(10, 60)))
    file.write_text(f"no JSON\n{json.dumps({'began': 1})}\n{file.read_text('utf-8')}", "utf-8")
    assert history.read(tmp_path)[-1] == replace(record, began=59.0)
    assert len(history.read(tmp_path)) == 50
