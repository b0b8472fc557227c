import time

import pytest

from support.stream.metrics import StreamMetrics
from tests.patience import eventually


@pytest.fixture
def finished() -> StreamMetrics:
    """Metrics of a stream of three frames, the last of them after a pause."""
    metrics = StreamMetrics()
    metrics.begin()
    metrics.frame_arrived(100)
    metrics.frame_arrived(200)
    waited_from = time.monotonic()
    eventually(lambda: time.monotonic() - waited_from > 0.02, "time passes")
    metrics.frame_arrived(300)
    metrics.finish()
    return metrics


def test_frames_and_bytes_are_counted(finished: StreamMetrics) -> None:
    assert (finished.frames_received, finished.bytes_received) == (3, 600)


def test_the_parts_of_the_duration_add_up(finished: StreamMetrics) -> None:
    assert finished.first_frame_latency is not None
    assert finished.closing_latency is not None
    parts = finished.first_frame_latency + finished.intervals.sum() + finished.closing_latency

    assert parts == pytest.approx(finished.duration)


def test_rates_follow_from_the_arrivals(finished: StreamMetrics) -> None:
    assert finished.avg_frame_rate == pytest.approx(2 / (finished.arrivals[-1] - finished.arrivals[0]))
    assert finished.throughput == pytest.approx(600 / finished.duration)


def test_a_pause_shows_in_the_percentiles_and_in_the_share_in_time(finished: StreamMetrics) -> None:
    assert finished.interval_percentile(100) == finished.intervals.max()
    assert finished.share_within(0.02) == 0.5
    assert finished.share_within(60) == 1.0


def test_jitter_is_the_mean_deviation_of_the_intervals(finished: StreamMetrics) -> None:
    first, second = finished.intervals

    assert finished.jitter == pytest.approx((second - first) / 2)


def test_the_cost_of_receiving_is_measured(finished: StreamMetrics) -> None:
    assert finished.cpu_seconds >= 0
    assert finished.cpu_share == pytest.approx(finished.cpu_seconds / finished.duration)
    assert finished.peak_memory > 1_000_000


def test_finishing_twice_changes_nothing(finished: StreamMetrics) -> None:
    before = (finished.end_time, finished.duration, finished.cpu_seconds)

    finished.finish()

    assert (finished.end_time, finished.duration, finished.cpu_seconds) == before


def test_calculating_twice_gives_the_same(finished: StreamMetrics) -> None:
    rate, latency = finished.avg_frame_rate, finished.first_frame_latency

    assert finished.calculate_metrics() is finished
    assert (finished.avg_frame_rate, finished.first_frame_latency) == (rate, latency)


def test_a_stream_without_frames_has_no_latencies() -> None:
    metrics = StreamMetrics()
    metrics.begin()
    metrics.finish()

    assert metrics.first_frame_latency is None
    assert metrics.closing_latency is None
    assert metrics.jitter is None
    assert metrics.interval_percentile(95) is None
    assert (metrics.avg_frame_rate, metrics.share_within(1), metrics.throughput) == (0.0, 0.0, 0.0)


def test_a_single_frame_makes_no_rate() -> None:
    metrics = StreamMetrics()
    metrics.begin()
    latency = metrics.frame_arrived(1)
    metrics.finish()

    assert metrics.first_frame_latency == latency
    assert metrics.avg_frame_rate == 0.0


def test_a_stream_that_was_never_begun_has_no_end() -> None:
    metrics = StreamMetrics()
    metrics.finish()

    assert (metrics.start_time, metrics.end_time, metrics.duration) == (None, None, 0.0)
    assert (metrics.cpu_share, metrics.throughput) == (0.0, 0.0)


def test_a_running_stream_has_a_rate_but_no_duration() -> None:
    metrics = StreamMetrics()
    metrics.begin()
    metrics.frame_arrived(1)
    eventually(lambda: metrics.frame_arrived(1) > metrics.arrivals[0], "the clock moves")

    assert metrics.calculate_metrics().avg_frame_rate > 0
    assert (metrics.duration, metrics.closing_latency) == (0.0, None)
