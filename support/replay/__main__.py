"""The door ``python -m support.replay FILE``: judges a stream that was kept again, without a server, and draws it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from support.replay.again import Again, judged_again
from support.replay.capture import Capture, CaptureError, read
from support.reporting.stream_report import picture_of
from support.truth.recording import Recording, RecordingError
from support.wording import plural


def main(arguments: Sequence[str] | None = None) -> int:
    """The door; 0 where nothing is wrong, 1 where something is found, or the file is damaged, 2 where it is none."""
    parser = argparse.ArgumentParser(prog="python -m support.replay", description=__doc__)
    parser.add_argument("file", type=Path, help="a capture, as failed scenarios leave them in reports/captures/")
    parser.add_argument("--picture", type=Path, help="where the waterfall is drawn; FILE with .png where not given")
    parser.add_argument("--recording", type=Path, help="what the server played: a stream of the past is judged by it")
    options = parser.parse_args(arguments)
    with ExitStack() as closing:
        try:
            recording = closing.enter_context(Recording(options.recording)) if options.recording else None
            capture = read(options.file)
        except (OSError, CaptureError) as error:
            sys.stderr.write(f"{options.file} {getattr(error, 'strerror', None) or error}\n")
            return 2
        except RecordingError as error:
            sys.stderr.write(f"{error}\n")
            return 2
        again = judged_again(capture, recording)
    if (truth := capture.header["truth"]) and recording is None:
        sys.stdout.write(f"its values were compared with {truth['recording']}: --recording FILE does so again\n")
    sys.stdout.writelines(f"{line}\n" for line in _told(capture, again))
    if (drawn := picture_of(again.stream, next(iter(again.stream.verdict.findings()), None))) is not None:
        path = options.picture or options.file.with_suffix(".png")
        path.write_bytes(drawn[1])
        sys.stdout.write(f"{drawn[0]}: {path}\n")
    return 1 if capture.damage or again.stream.verdict.findings() else 0


def _told(capture: Capture, again: Again) -> Iterator[str]:
    header, verdict = capture.header, again.stream.verdict
    yield f"{header['scenario']}: {again.stream.job}, of the {header['server']}, dialect {header['dialect']}"
    if capture.damage:
        yield f"DAMAGED: the file {capture.damage}"
    if lost := max(header["lost"]):
        yield f"the first {plural(lost, 'message')} of the stream had not been kept"
    yield f"judged again: {plural(verdict.frames, 'frame')} with {plural(verdict.rows, 'row')}"
    yield from (f"  - {finding.rule}: {finding}" for finding in verdict.findings())
    if left_out := verdict.left_out():
        yield f"  and {left_out:,} more like these"
    yield from (f"  found when it came, and not now: {sentence}" for sentence in again.gone)
    yield from (f"  found now, and not when it came: {sentence}" for sentence in again.new)
    if not again.gone and not again.new:
        yield f"the same {plural(len(header['findings']), 'finding')} as when it came"


if __name__ == "__main__":
    sys.exit(main())
