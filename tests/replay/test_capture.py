"""Captures as files: whole, cut off anywhere, or damaged, they give all that was written before that place."""

from __future__ import annotations

import random
import struct
from collections.abc import Sequence
from pathlib import Path

import pytest

from support.replay.__main__ import main
from support.replay.capture import MAGIC, CaptureError, read, write
from support.replay.header import header_of
from support.screen.streamed import Streamed
from support.stream.tape import Came, Over, Tape
from tests.replay.streams import PLAN, kept
from tests.validation.streams import frames_of, spoiled
from tests.validation.test_rules import drop_lines


def written(path: Path, stream: Streamed | None = None) -> bytes:
    """A capture of a correct stream, or of this one."""
    stream = stream or kept(frames_of(PLAN.messages(), PLAN))
    assert stream.take is not None
    write(path, header_of(stream, "a scenario", "a server"), stream.take.tape.events)
    return path.read_bytes()


def messages(events: Sequence[Came | Over]) -> list[bytes]:
    return [message.data for event in events if isinstance(event, Came) for message in event.messages]


def boundaries(data: bytes) -> list[int]:
    """Where each record ends."""
    ends, at = [], len(MAGIC)
    while at < len(data):
        at += 8 + struct.unpack_from("<I", data, at)[0]
        ends.append(at)
    return ends


def test_what_is_written_is_read(tmp_path: Path) -> None:
    stream = kept(frames_of(PLAN.messages(), PLAN))
    written(tmp_path / "capture", stream)
    assert stream.take is not None
    read_again = read(tmp_path / "capture")
    assert read_again.damage == ""
    assert messages(read_again.events) == messages(stream.take.tape.events)
    arrivals = [message.arrived for event in read_again.events if isinstance(event, Came) for message in event.messages]
    assert arrivals == [frame.elapsed for frame in stream.frames]


def test_cut_off_anywhere_it_loses_nothing_before(tmp_path: Path) -> None:
    path = tmp_path / "capture"
    whole = written(path)
    all_messages, ends = messages(read(path).events), boundaries(whole)
    places = random.Random(1).sample(range(len(whole)), 100) + [end + shift for end in ends for shift in (-1, 0, 1, 4)]
    for place in (place for place in places if place < len(whole)):
        path.write_bytes(whole[:place])
        if place < ends[0]:
            with pytest.raises(CaptureError):
                read(path)
            continue
        cut = read(path)
        records = sum(end <= place for end in ends) - 1
        assert messages(cut.events) == all_messages[:records]
        assert f"{records} of its {PLAN.frames} messages could be read" in cut.damage


def test_a_byte_that_is_another_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "capture"
    whole = written(path)
    all_messages, ends = messages(read(path).events), boundaries(whole)
    for place in random.Random(2).sample(range(ends[0], len(whole)), 100):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x10]) + whole[place + 1 :])
        damaged = read(path)
        records = sum(end <= place for end in ends) - 1
        assert messages(damaged.events) == all_messages[:records]
        assert "damaged" in damaged.damage


@pytest.mark.parametrize("content", [b"", b"PNG and more", MAGIC, MAGIC + b"\0" * 8, MAGIC + b"\xff" * 40])
def test_what_is_no_capture_is_told_in_a_sentence(
    tmp_path: Path, content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "capture"
    path.write_bytes(content)
    assert main([str(path)]) == 2
    told = capsys.readouterr().err
    assert told.startswith(f"{path} ")
    assert told.count("\n") == 1


def test_a_tape_keeps_the_newest_bytes_and_counts_what_it_lets_go() -> None:
    frames = frames_of(PLAN.messages(), PLAN)
    stream = kept(frames, most=3 * frames[0].size)
    assert stream.take is not None
    assert messages(stream.take.tape.events) == [frame.data for frame in frames[-3:]]
    assert stream.take.tape.lost == {0: PLAN.frames - 3}
    assert messages(kept(frames, most=1).take.tape.events) == [frames[-1].data]  # type: ignore[union-attr]


def test_what_came_of_a_call_in_vain_is_forgotten() -> None:
    stream = kept(frames_of(PLAN.messages(), PLAN))
    assert stream.take is not None
    events = list(stream.take.tape.events)
    tape = Tape(2**20)
    for event in events[:3]:
        assert isinstance(event, Came)
        tape.came(0, event.messages)
        tape.over(1.0, "it broke")
        tape.came(0, event.messages)
        tape.in_vain()
    assert [type(event) for event in tape.events] == [Came, Over] * 3


def test_the_door_judges_again_and_draws(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "right.capture"
    written(path)
    assert main([str(path)]) == 0
    assert "judged again: 12 frames with 60 rows\nthe same 0 findings as when it came\n" in capsys.readouterr().out
    assert path.with_suffix(".png").read_bytes().startswith(b"\x89PNG")

    whole = written(path, kept(spoiled(PLAN, drop_lines(2))))
    assert main([str(path), "--picture", str(tmp_path / "drawn.png")]) == 1
    told = capsys.readouterr().out
    assert "  - lines continuous: 2 lines are missing" in told
    assert "the same 1 finding as when it came" in told
    assert (tmp_path / "drawn.png").exists()

    assert main([str(path), "--recording", str(tmp_path / "none.h5")]) == 2
    assert capsys.readouterr().err.startswith("the recording ")

    path.write_bytes(whole[: boundaries(whole)[4]])
    assert main([str(path)]) == 1
    assert "DAMAGED: the file ends too early: 4 of its 12 messages could be read" in capsys.readouterr().out
