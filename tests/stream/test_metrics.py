"""Metrics with known arrivals, so that every figure can be predicted; and their memory and precision at length."""

from __future__ import annotations

import itertools
import json
import math
import tracemalloc

import numpy as np
import pytest

from support.stream.distribution import Distribution
from support.stream.metrics import StreamMetrics


def metrics_of(*arrivals: float, end: float | None = None, ages: tuple[float, ...] = ()) -> StreamMetrics:
    """Finished metrics of a stream whose frames of 100 bytes came at these seconds."""
    metrics = StreamMetrics()
    metrics.begin(at=50.0)
    metrics.count(100 * len(arrivals), arrivals, ages)
    metrics.finish(at=50.0 + (arrivals[-1] + 0.25 if end is None else end))
    return metrics


THREE = (0.1, 0.2, 0.4)


def test_frames_and_bytes_are_counted() -> None:
    metrics = metrics_of(*THREE)
    assert (metrics.frames_received, metrics.bytes_received) == (3, 300)


def test_the_parts_of_the_duration_add_up() -> None:
    metrics = metrics_of(*THREE)
    assert metrics.first_frame_latency == pytest.approx(0.1)
    assert metrics.span == pytest.approx(0.3)
    assert metrics.last_frame_latency == pytest.approx(0.4)
    assert metrics.closing_latency == pytest.approx(0.25)
    assert metrics.duration == pytest.approx(0.65)


def test_rates_follow_from_the_arrivals() -> None:
    metrics = metrics_of(*THREE)
    assert metrics.avg_frame_rate == pytest.approx(2 / 0.3)
    assert metrics.throughput == pytest.approx(300 / 0.65)


def test_percentiles_are_intervals_that_occurred() -> None:
    metrics = metrics_of(*THREE)
    assert metrics.interval_percentile(50) == pytest.approx(0.1)
    assert metrics.interval_percentile(100) == pytest.approx(0.2)
    assert metrics.share_within(0.15) == 0.5
    assert metrics.share_within(60) == 1.0


def test_many_frames_have_the_percentiles_of_their_intervals() -> None:
    intervals = np.random.default_rng(3).lognormal(np.log(0.05), 0.8, 5000)
    metrics = metrics_of(0.0, *np.cumsum(intervals).tolist())
    for percent in (50, 95, 99):
        exact = float(np.percentile(intervals, percent, method="inverted_cdf"))
        assert metrics.interval_percentile(percent) == pytest.approx(exact)
    assert metrics.interval_percentile(100) == pytest.approx(intervals.max())


def test_what_is_no_number_is_left_out_of_a_distribution() -> None:
    durations = Distribution([-5.0, math.nan, math.inf, 1e18, 0.5])
    assert durations.count == 4
    assert (durations.shortest, durations.longest) == (-5.0, math.inf)
    assert durations.percentile(50) == 0.5


def test_jitter_is_that_of_rfc_3550() -> None:
    ages = (0.010, 0.026, 0.010, 0.010)
    expected = 0.0
    for before, after in itertools.pairwise(ages):
        expected += (abs(after - before) - expected) / 16
    assert metrics_of(0.1, ages=ages).jitter == pytest.approx(expected)
    assert metrics_of(0.1, ages=(0.01,)).jitter is None


def test_a_difference_of_the_clocks_is_no_jitter() -> None:
    assert metrics_of(0.1, ages=(-3.0, -3.0, -3.0)).jitter == 0.0


def test_data_age_has_its_percentiles() -> None:
    ages = metrics_of(0.1, ages=tuple(n / 100 for n in range(1, 101))).ages
    assert ages.percentiles((50, 95, 99)) == pytest.approx([0.5, 0.95, 0.99])
    assert ages.longest == 1.0


def test_a_pause_is_told_with_its_place_and_whose_it_was() -> None:
    metrics = StreamMetrics(pause_limit=0.5)
    metrics.begin(at=0.0)
    metrics.waiting_seconds = 0.1
    metrics.count(1, [0.1])
    metrics.waiting_seconds += 0.8
    metrics.count(1, [0.9])
    metrics.waiting_seconds += 0.1
    metrics.count(1, [1.9])
    servers, clients = metrics.pauses
    assert str(servers) == "0.80 s before frame 1, from 0.10 s on"
    assert str(clients) == "1.00 s before frame 2, from 0.90 s on, in 0.90 s of which the client itself was busy"


def test_the_longest_pauses_are_kept_and_all_are_counted() -> None:
    arrivals = np.cumsum([0.1, *(0.6 + n / 100 for n in range(50))]).tolist()
    metrics = metrics_of(*arrivals)
    assert (metrics.pause_count, len(metrics.pauses)) == (50, 20)
    assert min(pause.duration for pause in metrics.pauses) == pytest.approx(0.6 + 30 / 100)


def test_a_rate_that_drops_shows_when() -> None:
    arrivals = [n / 20 for n in range(100)] + [5 + n / 5 for n in range(26)]
    assert metrics_of(*arrivals).rates == [(float(at), 20.0 if at < 5 else 5.0) for at in range(10)]


def test_the_rate_over_hours_keeps_its_length() -> None:
    metrics = metrics_of(*[n / 2 for n in range(40_000)])
    rates = metrics.rates
    assert 60 <= len(rates) <= 120
    assert {rate for _, rate in rates} == {2.0}


def test_who_set_the_pace_is_told() -> None:
    metrics = metrics_of(*THREE)
    assert (metrics.busy_share, metrics.slow_client) == (None, "")
    metrics.waiting_seconds, metrics.decoding_seconds, metrics.judging_seconds = 0.2, 0.05, 0.05
    assert metrics.busy_share == pytest.approx(1 / 3)
    assert metrics.slow_client == ""
    metrics.waiting_seconds, metrics.judging_seconds = 0.001, 0.3
    assert "the client itself was busy 100 % of the time" in metrics.slow_client


def test_waiting_for_the_first_frame_is_no_rest_for_a_slow_client() -> None:
    metrics = StreamMetrics()
    metrics.begin(at=0.0)
    metrics.waiting_seconds = 5.0
    metrics.count(1, [5.0])
    metrics.judging_seconds = 1.0
    assert metrics.busy_share == 1.0


def test_the_cost_of_receiving_is_measured() -> None:
    metrics = metrics_of(*THREE)
    assert metrics.cpu_seconds >= 0
    assert metrics.cpu_share == pytest.approx(metrics.cpu_seconds / metrics.duration)
    assert metrics.peak_memory > 1_000_000


def test_finishing_twice_changes_nothing() -> None:
    metrics = metrics_of(*THREE)
    before = (metrics.end_time, metrics.duration, metrics.cpu_seconds)
    metrics.finish()
    assert (metrics.end_time, metrics.duration, metrics.cpu_seconds) == before


def test_reading_changes_nothing() -> None:
    metrics = metrics_of(*THREE, ages=(0.1, 0.2))
    before = metrics.as_dict()
    assert metrics.calculate_metrics() is metrics
    assert metrics.as_dict() == before


def test_a_snapshot_stays_as_it_was() -> None:
    metrics = StreamMetrics()
    metrics.begin(at=0.0)
    for number in range(1000):
        metrics.count(1, [number / 20], [0.01])
    snapshot = metrics.snapshot()
    for number in range(1000, 2000):
        metrics.count(1, [number / 2], [1.0])
    assert (snapshot.intervals.count, snapshot.ages.count, snapshot.pause_count) == (999, 1000, 0)
    assert (metrics.intervals.count, metrics.ages.count, metrics.pause_count) == (1999, 2000, 1)
    assert snapshot.ages.longest == 0.01
    assert sum(rate for _, rate in snapshot.rates) == 980


def test_a_frame_is_kept_as_two_numbers_whatever_it_holds() -> None:
    metrics = StreamMetrics(pause_limit=0.04)  # every interval is one too long
    metrics.begin(at=0.0)
    sizes = []
    tracemalloc.start()
    try:
        for number in range(50_000):
            metrics.count(1000, [number / 20], [number % 100 / 1000])
            if number + 1 in (5_000, 50_000):
                sizes.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    assert metrics.intervals.count == 49_999
    room = 1.13  # arrays grow by an eighth beyond what they need
    assert sizes[1] - sizes[0] < 45_000 * 16 * room, sizes


def test_everything_is_there_for_programs() -> None:
    told = json.loads(json.dumps(metrics_of(*THREE, 1.2, ages=(0.1, 0.2)).as_dict()))
    assert (told["frames"], told["intervals"]["count"], told["data_age"]["count"]) == (4, 3, 2)
    assert told["intervals"]["max"] == pytest.approx(0.8)
    assert told["pauses"]["longest"][0]["frame"] == 3
    assert set(told["first_frame"]) == {"configure", "connect", "health", "first_message", "first_valid"}


def test_a_stream_without_frames_has_no_latencies() -> None:
    metrics = metrics_of(end=1.0)
    assert metrics.first_frame_latency is None
    assert metrics.last_frame_latency is None
    assert metrics.closing_latency is None
    assert metrics.jitter is None
    assert metrics.interval_percentile(95) is None
    assert (metrics.avg_frame_rate, metrics.share_within(1), metrics.throughput) == (0.0, 0.0, 0.0)
    assert metrics.as_dict()["intervals"] == {"count": 0}


def test_a_single_frame_makes_no_rate() -> None:
    metrics = metrics_of(0.5)
    assert metrics.first_frame_latency == 0.5
    assert (metrics.avg_frame_rate, metrics.span) == (0.0, 0.0)


def test_a_stream_that_was_never_begun_has_no_end() -> None:
    metrics = StreamMetrics()
    metrics.finish()
    assert (metrics.start_time, metrics.end_time, metrics.duration) == (None, None, 0.0)
    assert (metrics.cpu_share, metrics.throughput) == (0.0, 0.0)


def test_a_running_stream_has_a_rate_but_no_duration() -> None:
    metrics = StreamMetrics()
    metrics.begin(at=0.0)
    metrics.count(3, THREE)
    assert metrics.calculate_metrics().avg_frame_rate > 0
    assert (metrics.duration, metrics.closing_latency) == (0.0, None)
