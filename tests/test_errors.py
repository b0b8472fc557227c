import builtins
import pickle

import grpc
import pytest

from support.errors import (
    APIError,
    APITimeoutError,
    ConnectionError,
    FocusError,
    NotReadyError,
    ProtocolError,
    RemoteError,
    ReportsError,
    SettingsError,
)

REMOTE = [ConnectionError, APIError, APITimeoutError, ProtocolError]


@pytest.mark.parametrize(
    ("error", "built_in"),
    [
        (SettingsError, ValueError),
        (NotReadyError, RuntimeError),
        (ReportsError, OSError),
        (ConnectionError, builtins.ConnectionError),
        (APIError, RuntimeError),
        (APITimeoutError, TimeoutError),
        (ProtocolError, ValueError),
    ],
)
def test_an_error_is_also_the_built_in_one(error: type[FocusError], built_in: type[Exception]) -> None:
    assert issubclass(error, built_in)
    assert issubclass(error, FocusError)


@pytest.mark.parametrize("error", [APITimeoutError, ProtocolError])
def test_whoever_catches_api_errors_catches_timeouts_and_protocol_errors(error: type[RemoteError]) -> None:
    assert issubclass(error, APIError)


@pytest.mark.parametrize("error", [SettingsError, NotReadyError, ReportsError, ConnectionError])
def test_no_other_error_is_an_api_error(error: type[FocusError]) -> None:
    assert not issubclass(error, APIError)


@pytest.mark.parametrize("error", REMOTE)
def test_a_remote_error_carries_status_details_and_target(error: type[RemoteError]) -> None:
    raised = error("a sentence", status=grpc.StatusCode.NOT_FOUND, details="no such job", target="host:1")

    assert str(raised) == "a sentence"
    assert (raised.status, raised.details, raised.target) == (grpc.StatusCode.NOT_FOUND, "no such job", "host:1")


@pytest.mark.parametrize("error", REMOTE)
def test_a_remote_error_survives_the_way_to_another_process(error: type[RemoteError]) -> None:
    copy = pickle.loads(pickle.dumps(error("a sentence", status=503, details="busy", target="host:1")))

    assert (str(copy), copy.status, copy.details, copy.target) == ("a sentence", 503, "busy", "host:1")
