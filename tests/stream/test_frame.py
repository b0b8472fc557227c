import numpy as np
import pytest

from protos.datastream_pb2 import DataStream, SpectrogramRow
from tests.grpc_server import frame, message
from tests.validation.streams import frame_of


def test_a_frame_offers_what_the_message_holds() -> None:
    sent = frame()

    received = frame_of(sent)

    assert received.rows == sent.rows
    assert (received.current_max_amp, received.current_min_amp) == (24.0, 1.0)


def test_intensities_are_rows_by_sensors_by_bins() -> None:
    intensities = frame_of(frame(rows=2, sensors=3, bins=4)).intensities

    assert intensities.dtype == np.float32
    np.testing.assert_array_equal(intensities, np.arange(1, 25).reshape(2, 3, 4))


def test_intensities_are_bit_by_bit_the_messages() -> None:
    odd = np.array([0.1, 1e-45, 3.4028235e38, np.inf, -np.inf, np.nan, -0.0, 16777217], dtype=np.float32)

    intensities = frame_of(message([[odd.tolist()]])).intensities

    assert intensities.tobytes() == odd.tobytes()


def test_times_and_sensor_ids_follow_the_rows() -> None:
    received = frame_of(frame(rows=2, sensors=3))

    assert received.starts.tolist() == [1000, 1010]
    assert received.ends.tolist() == [1512, 1522]
    assert received.sensor_ids == ((0, 1, 2), (0, 1, 2))


@pytest.mark.parametrize(
    ("intensities", "words"),
    [
        ([[[1.0, 2.0], [3.0]]], "rows of 2 sensors, sensors of 1 and 2 bins"),
        ([[[1.0], [2.0]], [[3.0]]], "rows of 1 and 2 sensors, sensors of 1 bins"),
        ([[[0.0] * bins for bins in range(1, 6)]], "sensors of 1 and 2 and 3 and more bins"),
        ([[[1.0], []]], "sensors of 0 and 1 bins"),
    ],
)
def test_a_ragged_frame_has_no_intensities(intensities: list[list[list[float]]], words: str) -> None:
    received = frame_of(message(intensities), index=7)

    assert not received.is_rectangular
    with pytest.raises(ValueError, match=f"frame 7 is ragged: .*{words}"):
        _ = received.intensities


def test_a_ragged_frame_still_has_its_values() -> None:
    received = frame_of(message([[[1.0, 2.0], [3.0]], [[4.0]]]))

    assert received.values.tolist() == [1.0, 2.0, 3.0, 4.0]
    assert received.bin_counts.tolist() == [2, 1, 1]


@pytest.mark.parametrize(
    ("empty", "shape"),
    [
        (DataStream(), (0, 0, 0)),
        (DataStream(rows=[SpectrogramRow(), SpectrogramRow()]), (2, 0, 0)),
        (message([[[], []]]), (1, 2, 0)),
    ],
)
def test_an_empty_frame_is_an_empty_array(empty: DataStream, shape: tuple[int, ...]) -> None:
    received = frame_of(empty)

    assert received.intensities.shape == shape
    assert received.values.size == 0
    assert received.values.dtype == np.float32


@pytest.mark.parametrize(
    ("position", "place"),
    [(0, (0, 0, 0)), (1, (0, 0, 1)), (2, (0, 2, 0)), (3, (2, 0, 0)), (5, (2, 0, 2))],
)
def test_locate_finds_row_sensor_and_bin_across_gaps(position: int, place: tuple[int, int, int]) -> None:
    received = frame_of(message([[[1.0, 2.0], [], [3.0]], [], [[4.0, 5.0, 6.0]]]))

    assert received.locate(position) == place


def test_locate_refuses_a_position_behind_the_end() -> None:
    with pytest.raises(IndexError):
        frame_of(frame()).locate(24)
