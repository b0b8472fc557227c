"""Answers of the REST side that are meant to hold a client up, or to fill it: each ends in an error of its own."""

from __future__ import annotations

import json
import math
import time
import tracemalloc
import zlib
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from support.contract import ChannelRange, JobAnswer, JobMetadata, JobRequest, LiveMetadata
from support.errors import APIError, APITimeoutError, ProtocolError
from support.focus_server_api import FocusServerAPI
from support.rest.answer import MAX_ANSWER_BYTES
from support.validation.configuration import judge_configuration
from support.validation.expectation import Expectation, Limits
from support.validation.verdict import stream_rules
from tests.conftest import Http
from tests.http_server import Answer, HttpServer
from tests.patience import PATIENCE
from tests.test_focus_server_api import CHANNELS, JOB

REQUEST = JobRequest(channels_min=0, channels_max=1)
MEMORY = 6 * MAX_ANSWER_BYTES
FULL = b"x" * 2**20


@pytest.fixture
def memory_is_bounded() -> Iterator[None]:
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < MEMORY
    finally:
        tracemalloc.stop()


def ask(server: HttpServer, timeout: float = PATIENCE) -> object:
    with FocusServerAPI(server.url, timeout=timeout) as api:
        return api.channels()


class TestSlow:
    @pytest.mark.parametrize("trickles", [("head", 0.005), ("body", 0.05)], ids=["head", "body"])
    def test_an_answer_that_trickles_is_cut_off(self, http: Http, trickles: tuple[str, float]) -> None:
        server = http(Answer(body=CHANNELS, trickles=trickles))
        began = time.monotonic()

        with pytest.raises(APITimeoutError, match=r"was not answered within 0\.3 s: only \d+ bytes came, 'HTTP/1"):
            ask(server, timeout=0.3)

        assert time.monotonic() - began < PATIENCE

    def test_an_endless_answer_of_small_pieces_is_cut_off(self, http: Http) -> None:
        with pytest.raises(APITimeoutError, match=r"only \d+ bytes came"):
            ask(http(Answer(body=b" " * 1000, trickles=("body", 0.01))), timeout=0.3)

    def test_redirects_share_one_deadline(self, http: Http) -> None:
        slow = Answer(302, CHANNELS, {"Location": "/channels"}, trickles=("body", 0.002))
        began = time.monotonic()

        with pytest.raises(APITimeoutError, match=r"was not answered within 0\.5 s"):
            ask(http(slow), timeout=0.5)

        assert time.monotonic() - began < PATIENCE

    def test_a_circle_of_redirects_ends(self, http: Http) -> None:
        with pytest.raises(ProtocolError, match="could not be carried out: Exceeded 30 redirects"):
            ask(http(Answer(302, headers={"Location": "/channels"})))

    @pytest.mark.parametrize("location", ["/\xff", "//[channels", "http://[::1", "http://host:99999/", "https://:x"])
    def test_a_redirect_that_leads_nowhere_is_told(self, http: Http, location: str) -> None:
        with pytest.raises(ProtocolError, match=r"GET .*/channels could not be carried out: .+"):
            ask(http(Answer(302, headers={"Location": location})))

    def test_an_answer_in_time_is_taken_however_small_its_pieces(self, http: Http) -> None:
        body = json.dumps(CHANNELS).encode()
        answer = Answer(body=body, trickles=("body", 0.001), headers={"Content-Length": str(len(body))})

        assert ask(http(answer)) == ChannelRange(**CHANNELS)


@pytest.mark.usefixtures("memory_is_bounded")
class TestLarge:
    @pytest.mark.parametrize("status", [200, 302, 404, 500, 502])
    def test_an_endless_answer_is_left(self, http: Http, status: int) -> None:
        server = http(Answer(status, FULL, {"Location": "/channels"}, endless=True))

        with pytest.raises(ProtocolError, match="answered with more than 16 MiB, and was left"):
            ask(server)

    def test_an_answer_that_unpacks_to_too_much_is_left(self, http: Http) -> None:
        packer = zlib.compressobj(wbits=31)
        packed = b"".join(packer.compress(FULL) for _ in range(20 * MAX_ANSWER_BYTES // len(FULL))) + packer.flush()
        server = http(Answer(body=packed, headers={"Content-Encoding": "gzip"}))

        with pytest.raises(ProtocolError, match="answered with more than 16 MiB, and was left"):
            ask(server)

    def test_a_large_refusal_is_told_in_a_short_sentence(self, http: Http) -> None:
        with pytest.raises(APIError) as caught:
            ask(http(Answer(500, {"error": "x" * 2**20})))

        assert len(str(caught.value)) < 3000
        assert len(caught.value.details) < 3000

    @pytest.mark.parametrize(
        "field", [{"frequencies_list": ["x"] * 200_000}, {"channel_to_stream_index": dict.fromkeys(range(200_000), "")}]
    )
    def test_absurd_counts_are_refused_before_they_are_read(self, http: Http, field: dict[str, Any]) -> None:
        server = http(Answer(body=JOB | field))

        with FocusServerAPI(server.url) as api:
            answer = api.configure(REQUEST)

        assert answer.unreadable == dict.fromkeys(field, "200000 entries, where at most 100000 are read")

    @pytest.mark.parametrize("field", [{"lines_dt": "9" * 2**20}, {"channel_to_stream_index": {"x" * 2**20: 0}}])
    def test_a_wrong_field_is_told_in_a_short_sentence(self, http: Http, field: dict[str, Any]) -> None:
        server = http(Answer(body=JOB | field))

        with FocusServerAPI(server.url) as api:
            answer = api.configure(REQUEST)

        assert answer.unreadable.keys() == field.keys()
        assert all(len(words) < 500 for words in answer.unreadable.values())

    def test_a_wrong_field_that_the_stream_needs_is_told_in_a_short_sentence(self, http: Http) -> None:
        server = http(Answer(body=JOB | {"job_id": ["5"] * 2**18}))

        with pytest.raises(ProtocolError, match="answered with fields") as caught, FocusServerAPI(server.url) as api:
            api.configure(REQUEST)

        assert len(str(caught.value)) < 2000


EXTREMES = [0, -1, 10**400, -(10**400), 2**63, math.nan, math.inf, -math.inf, 5e-324, 1.8e308, "", "9" * 5000, True]
json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.sampled_from(EXTREMES)),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner)),
    max_leaves=8,
)
reals = st.one_of(st.floats(), st.integers(), st.sampled_from([e for e in EXTREMES if isinstance(e, float)]))
wholes = st.one_of(st.integers(), st.sampled_from([0, -1, 2**63, -(2**63), 10**300]))
answers = st.builds(
    JobAnswer,
    job_id=st.one_of(st.text(min_size=1), st.sampled_from(["9" * 5000 + "-1", "1-", "٣-x", "-", "1-\n"])),
    stream_url=st.one_of(st.text(), st.sampled_from(["", "http://", "[::1", "a:b:c", "\x00"])),
    stream_port=st.one_of(wholes, st.text()),
    channel_amount=wholes,
    channel_to_stream_index=st.dictionaries(wholes, wholes),
    frequencies_amount=wholes,
    frequencies_list=st.lists(reals),
    lines_dt=reals,
    stream_amount=wholes,
)
metadata = st.builds(LiveMetadata, prr=st.floats(min_value=5e-324, allow_infinity=False))
MODELS = pytest.mark.parametrize("model", [LiveMetadata, ChannelRange, JobAnswer, JobMetadata])


class TestFields:
    @MODELS
    @given(data=st.data())
    def test_any_json_makes_a_model_or_a_validation_error(self, model: type[BaseModel], data: st.DataObject) -> None:
        fields = data.draw(st.fixed_dictionaries(dict.fromkeys(model.model_fields, json_values)) | json_values)
        try:
            made = model.model_validate(fields)
        except ValidationError:
            return
        assert str(made)

    @given(answers, metadata)
    def test_any_answer_can_be_judged(self, answer: JobAnswer, fibre: LiveMetadata) -> None:
        for finding in judge_configuration(REQUEST, answer, fibre.prr):
            assert str(finding)
        assert stream_rules(Expectation.of(REQUEST, answer, fibre.prr), Limits())
