"""The REST side: answers that describe the stream, and refusals that name the field at fault."""

from typing import Any

import pytest
import requests

from support.simulator.options import Options
from tests.patience import PATIENCE
from tests.simulator.driver import REQUEST, Simulator, in_thread

ABSENT = object()


def test_live_metadata(simulator: Simulator) -> None:
    response = simulator.call("GET", "/live_metadata")
    assert response.status_code == 200
    assert response.json() == {
        "dx": 1.0,
        "prr": 2000.0,
        "fiber_start_meters": 0.0,
        "fiber_length_meters": 2222.0,
        "sw_version": "simulator-1.0",
        "number_of_channels": 2222,
        "fiber_description": "synthetic fibre, seed 1",
    }


def test_channels(simulator: Simulator) -> None:
    assert simulator.call("GET", "/channels").json() == {"lowest_channel": 0, "highest_channel": 2221}


def test_the_answer_of_configure(simulator: Simulator) -> None:
    with simulator.job(channels={"min": 5, "max": 7}, frequencyRange={"min": 100, "max": 110}) as job:
        answer = dict(job.answer)
    window, unique = answer.pop("job_id").split("-")
    assert 0 <= int(window) <= 29
    assert unique.isdecimal()
    assert 1024 <= answer.pop("stream_port") <= 65_535
    assert answer == {
        "status": "Config received successfully",
        "stream_url": "127.0.0.1",
        "stream_amount": 1,
        "channel_amount": 3,
        "channel_to_stream_index": {"5": 0, "6": 0, "7": 0},
        "frequencies_amount": 5,
        "frequencies_list": [101.5625, 103.515625, 105.46875, 107.421875, 109.375],
        "lines_dt": 0.01,
        "view_type": "0",
    }


@pytest.mark.parametrize(
    "changes",
    [
        {"view_type": 0},
        {"view_type": 1, "channels": {"min": 3, "max": 3}, "nfftSelection": 65_536},
        {"view_type": "1", "channels": {"min": 2221, "max": 2221}},
        {"nfftSelection": 128},
        {"nfftSelection": 2048, "frequencyRange": {"min": 0.5, "max": 1000.0}},
        {"displayTimeAxisDuration": 1, "displayInfo": {"height": 1000}},
        {"displayTimeAxisDuration": 1e308, "displayInfo": {"height": 1}},
        {"channels": {"min": 0, "max": 2221}},
        {"start_time": ABSENT, "end_time": ABSENT},
        {"something_else": 1},
    ],
)
def test_what_the_contract_allows_is_accepted(threaded: Simulator, changes: dict[str, Any]) -> None:
    body = {key: value for key, value in (REQUEST | changes).items() if value is not ABSENT}
    response = threaded.call("POST", "/configure", body)
    assert response.status_code == 200, response.text
    assert threaded.call("DELETE", f"/job/{response.json()['job_id']}").status_code == 200


WRONG: list[tuple[str, Any, str]] = [
    ("nfftSelection", ABSENT, "nfftSelection: missing"),
    ("nfftSelection", None, "nfftSelection: must be a whole number, not null"),
    ("nfftSelection", True, "nfftSelection: must be a whole number, not true"),
    ("nfftSelection", "1024", 'nfftSelection: must be a whole number, not "1024"'),
    ("nfftSelection", 1024.5, "nfftSelection: must be a whole number, not 1024.5"),
    ("nfftSelection", 0, "nfftSelection: must be above 0, not 0"),
    ("nfftSelection", 1000, "nfftSelection: 1000 is not a power of two from 128 to 2048"),
    ("nfftSelection", 64, "nfftSelection: 64 is not a power of two from 128 to 2048"),
    ("nfftSelection", 4096, "nfftSelection: 4096 is not a power of two from 128 to 2048"),
    ("nfftSelection", 2**80, "is not a power of two from 128 to 2048"),
    ("displayTimeAxisDuration", ABSENT, "displayTimeAxisDuration: missing"),
    ("displayTimeAxisDuration", True, "displayTimeAxisDuration: must be a number, not true"),
    ("displayTimeAxisDuration", "10", "displayTimeAxisDuration: must be a number"),
    ("displayTimeAxisDuration", 0, "displayTimeAxisDuration: must be above 0, not 0"),
    ("displayTimeAxisDuration", -1, "displayTimeAxisDuration: must be above 0, not -1"),
    ("displayTimeAxisDuration", 10**400, "displayTimeAxisDuration: must be a number"),
    ("displayTimeAxisDuration", 1e-9, "displayTimeAxisDuration: 1e-09 s are less than one line, 0.001 s"),
    ("displayTimeAxisDuration", 0.9995, "displayInfo.height: too many lines for displayTimeAxisDuration 0.9995 s"),
    ("displayInfo", ABSENT, "displayInfo: missing"),
    ("displayInfo", [], "displayInfo: must be a JSON object, not []"),
    ("displayInfo", {}, "displayInfo.height: missing"),
    ("displayInfo", {"height": 0}, "displayInfo.height: must be above 0, not 0"),
    ("displayInfo", {"height": 1.5}, "displayInfo.height: must be a whole number, not 1.5"),
    ("displayInfo", {"height": 10_001}, "displayInfo.height: too many lines for displayTimeAxisDuration 10 s; at most"),
    ("displayInfo", {"height": 10**400}, "displayInfo.height: too many lines"),
    ("channels", ABSENT, "channels: missing"),
    ("channels", {"min": 0}, "channels.max: missing"),
    ("channels", {"min": False, "max": 3}, "channels.min: must be a whole number, not false"),
    ("channels", {"min": 5, "max": 4}, "channels.min: 5 is above channels.max 4"),
    ("channels", {"min": -1, "max": 4}, "channels.min: -1 is not on the fibre, whose channels are 0 to 2221"),
    ("channels", {"min": 0, "max": 2222}, "channels.max: 2222 is not on the fibre, whose channels are 0 to 2221"),
    ("frequencyRange", ABSENT, "frequencyRange: missing"),
    ("frequencyRange", None, "frequencyRange: missing"),
    ("frequencyRange", {"min": 0}, "frequencyRange.max: missing"),
    ("frequencyRange", {"min": -1, "max": 5}, "frequencyRange.min: must be at least 0, not -1"),
    ("frequencyRange", {"min": 0, "max": "5"}, "frequencyRange.max: must be a number"),
    ("frequencyRange", {"min": 0, "max": 1000.5}, "frequencyRange.max: 1000.5 Hz is above the Nyquist frequency, 1000"),
    ("frequencyRange", {"min": 5, "max": 5}, "frequencyRange.min: 5 Hz is not below frequencyRange.max 5 Hz"),
    ("frequencyRange", {"min": 1, "max": 1.5}, "frequencyRange: no bin lies from 1 to below 1.5 Hz"),
    ("start_time", 1_790_000_000, "end_time: missing while start_time is set"),
    ("end_time", 1_790_000_000, "start_time: missing while end_time is set"),
    ("start_time", "yesterday", "start_time: must be a number"),
    ("view_type", ABSENT, "view_type: missing"),
    ("view_type", "3", 'view_type: must be "0" (multi-channel), "1" (single-channel) or "2" (waterfall)'),
    ("view_type", True, "view_type: must be"),
    ("view_type", 0.0, "view_type: must be"),
    ("view_type", "1", "channels: 0 to 10 are several; the single-channel view"),
]


@pytest.mark.parametrize(("field", "value", "words"), WRONG)
def test_a_wrong_field_is_named(threaded: Simulator, field: str, value: Any, words: str) -> None:
    body = {key: value for key, value in (REQUEST | {field: value}).items() if value is not ABSENT}
    response = threaded.call("POST", "/configure", body)
    assert response.status_code == 400
    assert set(response.json()) == {"error"}
    assert words in response.json()["error"]
    assert len(response.json()["error"]) < 700


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "the body: missing"),
        (b"{", "the body: not JSON"),
        (b"\xff", "body"),
        (b"[]", "the body: must be a JSON object, not []"),
        (b"{}", "channels: missing; displayInfo: missing; nfftSelection: missing; view_type: missing"),
        (b"[" * 100_000, "parsing the body"),
        (b'{"displayTimeAxisDuration": NaN}', "displayTimeAxisDuration: must be a finite number"),
        (b'{"start_time": Infinity}', "start_time: must be a finite number"),
    ],
)
def test_a_body_that_is_no_request(threaded: Simulator, body: bytes, words: str) -> None:
    headers = {"content-type": "application/json"}
    response = requests.post(f"{threaded.rest_url}/configure", data=body, headers=headers, timeout=PATIENCE)
    assert response.status_code == 400
    assert words in response.json()["error"]


def test_a_range_that_ends_before_it_starts_is_wrong(threaded: Simulator) -> None:
    response = threaded.configure(start_time=1_790_000_010, end_time=1_790_000_000)
    assert response.status_code == 400
    assert "end_time" in response.json()["error"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/channels/", 404),
        ("GET", "/metadata/12-70788", 404),
        ("DELETE", "/job/12-70788", 404),
        ("GET", "/configure", 405),
        ("DELETE", "/channels", 405),
    ],
)
def test_every_error_is_said_in_words(simulator: Simulator, method: str, path: str, status: int) -> None:
    response = simulator.call(method, path)
    assert response.status_code == status
    assert set(response.json()) == {"error"}
    assert path.rsplit("/", 1)[-1] in response.json()["error"]
    assert (status == 405) == ("allow" in response.headers)


def test_openapi_tells_the_truth(threaded: Simulator) -> None:
    document = threaded.call("GET", "/openapi.json").json()
    assert set(document["paths"]) == {
        "/live_metadata",
        "/channels",
        "/configure",
        "/metadata/{job_id}",
        "/job/{job_id}",
        "/config/{task_id}",
        "/recordings_in_time_range",
    }
    declared: dict[str, set[str]] = {}
    for name, path in document["paths"].items():
        for operation in path.values():
            declared[name] = set(operation["responses"])
            for status in declared[name] - {"200"}:
                error = operation["responses"][status]["content"]["application/json"]["schema"]
                assert error == {"$ref": "#/components/schemas/ErrorAnswer"}
    assert declared == {
        "/live_metadata": {"200"},
        "/channels": {"200"},
        "/configure": {"200", "400", "404", "503"},
        "/metadata/{job_id}": {"200", "404"},
        "/job/{job_id}": {"200", "404"},
        "/config/{task_id}": {"200", "400", "404", "503"},
        "/recordings_in_time_range": {"200", "400"},
    }


def test_without_a_fibre_nothing_starts() -> None:
    with in_thread(Options(no_fibre=True)) as waiting:
        metadata = waiting.call("GET", "/live_metadata").json()
        assert (metadata["prr"], metadata["dx"], metadata["sw_version"]) == (0, 0, "waiting for fiber")
        for response in (waiting.configure(), waiting.call("POST", "/configure", {})):
            assert response.status_code == 503
            assert "waiting for fiber" in response.json()["error"]


def test_another_fibre() -> None:
    with in_thread(Options(lowest_channel=1, channel_count=20, prr=1000)) as other:
        assert other.call("GET", "/channels").json() == {"lowest_channel": 1, "highest_channel": 20}
        assert other.call("GET", "/live_metadata").json()["prr"] == 1000
        assert "channels are 1 to 20" in other.configure().json()["error"]
        with other.job(channels={"min": 1, "max": 20}) as job:
            assert job.answer["frequencies_list"][1] == 1000 / 1024
            (frame,) = job.frames(1)
            assert [sensor.id for sensor in frame.rows[0].sensors] == list(range(1, 21))
