"""A baseline is found where it holds, refused in words where it cannot be used, and compared by its samples."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from support.baseline.baseline import FEWEST_SAMPLES, Baseline, find, read
from support.baseline.circumstances import Circumstances
from support.baseline.comparison import compare
from support.baseline.sample import Sample
from support.errors import BaselineError, ClientTooSlowError
from support.stream.metrics import StreamMetrics

HERE = Circumstances.here("embedded Focus Server", channels=11, bins=256, lines_dt=0.01, frames=40)


def samples(slower: float = 1.0, count: int = FEWEST_SAMPLES, noise: float = 0.01, seed: int = 0) -> list[Sample]:
    """Samples of a server with waits of a quarter second, slower by a factor, with some noise."""
    factors = slower * (1 + noise * np.random.default_rng(seed).standard_normal((count, 4)))
    return [Sample(0.25 * a, 0.3 * b, 0.05 * c, 0.3 * d) for a, b, c, d in factors.tolist()]


def test_what_was_written_is_found_again(tmp_path: Path) -> None:
    path = Baseline(HERE, samples()).write(tmp_path)
    found = find(HERE, tmp_path)
    assert isinstance(found, Baseline)
    assert found.circumstances == HERE
    assert [one.frame_interval for one in found.samples] == pytest.approx(
        [one.frame_interval for one in samples()], abs=1e-5
    )
    assert path.read_text("utf-8").startswith("# How fast")
    assert path.stat().st_size < 2000


def test_a_file_that_still_says_environment_is_found(tmp_path: Path) -> None:
    path = Baseline(HERE, samples()).write(tmp_path)
    path.write_text(path.read_text("utf-8").replace("\ncircumstances:", "\nenvironment:"), "utf-8")
    assert isinstance(find(HERE, tmp_path), Baseline)


def test_recording_again_replaces_the_file(tmp_path: Path) -> None:
    first = Baseline(HERE, samples()).write(tmp_path)
    assert Baseline(HERE, samples(2)).write(tmp_path) == first
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(
    ("elsewhere", "words"),
    [
        (replace(HERE, cores=HERE.cores + 6), f"cores {HERE.cores} here, {HERE.cores + 6} there"),
        (replace(HERE, schema="0123"), f"schema {HERE.schema} here, 0123 there"),
        (replace(HERE, channels=200), "channels 11 here, 200 there"),
        (replace(HERE, server="http://focus.example"), "server embedded Focus Server here, http://focus.example there"),
    ],
)
def test_other_circumstances_do_not_compare_and_say_what_differs(
    tmp_path: Path, elsewhere: Circumstances, words: str
) -> None:
    Baseline(elsewhere, samples()).write(tmp_path)
    Baseline(replace(elsewhere, python="2.7", cpu="another"), samples()).write(tmp_path)
    assert find(HERE, tmp_path) == (
        f"there is no baseline of these circumstances, and another one does not compare: {words}. "
        "record one with -D baseline=record"
    )


def test_a_folder_that_is_not_there_holds_no_baseline(tmp_path: Path) -> None:
    assert "there is no baseline in" in str(find(HERE, tmp_path / "none"))


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda text: text[: len(text) // 2] + "{", "cannot be read"),
        (lambda _: "", "is of format none, and this suite reads 1"),
        (lambda text: text.replace("format: 1", "format: 0"), "is of format 0, and this suite reads 1"),
        (lambda text: text.replace("cores:", "kernels:"), "is damaged: cores"),
        (lambda text: text.replace("data_age:", "age:"), "is damaged: samples has"),
        (lambda text: text.replace("first_frame: [", "first_frame: [0.1, "), "different numbers of samples"),
        (lambda text: text.replace("first_frame: [", "first_frame: [.nan, ").replace(", 0.3]", "]"), "is damaged"),
        (lambda text: text.replace("configure: [", "configure: [soon, "), "is damaged: configure"),
        (lambda text: text.replace("configure: [", "configure: [yes, "), "is damaged: configure"),
        (lambda text: text.replace("configure: [", "configure: [-"), "is damaged: a sample is not a number"),
        (lambda text: text.replace("configure: [", f"configure: [{'9' * 5000}, "), "'configure': this is no int, line"),
        (lambda text: text.replace("recorded:", "format: 1\nrecorded:"), "'format' is there twice, line"),
        (lambda text: text.replace("samples:", "samples: !!set"), "'samples': a tag (!...) that is not"),
        (lambda text: f"a: {'[' * 10_000}\n{text}", "more than 10 lists or maps in one another"),
    ],
)
def test_a_file_that_cannot_be_used_gets_a_sentence(tmp_path: Path, damage: Callable[[str], str], words: str) -> None:
    path = Baseline(HERE, samples()).write(tmp_path)
    path.write_text(damage(path.read_text("utf-8")), "utf-8")
    with pytest.raises(BaselineError, match="record it again with -D baseline=record") as caught:
        find(HERE, tmp_path)
    assert words in str(caught.value)
    assert path.name in str(caught.value)


def test_too_few_samples_make_no_baseline(tmp_path: Path) -> None:
    with pytest.raises(BaselineError, match="7 samples make no baseline: at least 8 are needed"):
        Baseline(HERE, samples(count=7)).write(tmp_path)
    path = Baseline(HERE, samples()).write(tmp_path)
    text = path.read_text("utf-8")
    path.write_text("\n".join(line.replace(f", {line.rsplit(', ', 1)[-1]}", "]") if ": [" in line else line
                              for line in text.splitlines()), "utf-8")  # fmt: skip
    with pytest.raises(BaselineError, match="holds 7 samples, and at least 8 are needed"):
        read(path)


def test_a_folder_that_cannot_be_written_gets_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BaselineError, match="cannot be written"):
        Baseline(HERE, samples()).write(tmp_path / "file")


@pytest.mark.parametrize(("slower", "fails"), [(1.0, False), (1.1, False), (1.15, False), (1.25, True), (1.4, True)])
def test_more_than_is_allowed_fails_and_noise_does_not(slower: float, fails: bool) -> None:
    failed = [
        any(one.is_slower for one in compare(samples(seed=run), samples(slower, seed=1000 + run), 20))
        for run in range(100)
    ]
    assert failed.count(fails) >= 97


def test_one_wild_sample_is_noise() -> None:
    wild = [*samples()[1:], replace(samples()[0], first_frame=9.0)]
    assert not any(one.is_slower for one in compare(samples(seed=1), wild, 20))
    assert all(one.is_slower for one in compare(wild, samples(1.6), 20)), "nor does it hide what is slower"


def test_waits_that_nobody_can_see_do_not_count() -> None:
    then = [Sample(0.002, 0.01, 0.05, 0.003)] * 8
    assert not any(one.is_slower for one in compare(then, [Sample(0.02, 0.055, 0.05, 0.03)] * 8, 20))
    assert [one.figure.name for one in compare(then, [Sample(0.06, 0.01, 0.05, 0.003)] * 8, 20) if one.is_slower] == [
        "configure"
    ]


def metrics_of(frames: int) -> StreamMetrics:
    metrics = StreamMetrics(configure_seconds=0.01)
    metrics.begin(at=0.0)
    metrics.count(frames, [0.1 + number / 20 for number in range(frames)], [0.02] * frames)
    metrics.finish()
    return metrics


def test_a_sample_holds_the_servers_figures_alone() -> None:
    metrics = metrics_of(21)
    metrics.waiting_seconds, metrics.judging_seconds = 0.5, 0.5
    sample = Sample.of(metrics)
    assert sample.configure == 0.01
    assert sample.first_frame == pytest.approx(0.1)
    assert sample.frame_interval == pytest.approx(0.05)
    assert sample.data_age == pytest.approx(0.02)


def test_a_slow_client_is_no_sample() -> None:
    metrics = metrics_of(21)
    metrics.waiting_seconds, metrics.judging_seconds = 0.01, 0.99
    with pytest.raises(ClientTooSlowError, match="the client itself was busy 99 % of the time"):
        Sample.of(metrics)


def test_a_single_frame_is_no_sample() -> None:
    with pytest.raises(AssertionError, match="1 frame came: too few"):
        Sample.of(metrics_of(1))
