"""General gRPC tools as receivers, to compare with, where they are installed."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil

from proving.bench.receivers import LARGEST, Cost
from proving.bench.sending import BenchError
from support import ROOT

PROTOS = ROOT / "protos"
_MEMORY_EVERY = 0.01
_METHOD = "datastream.DataStreamService/StreamSpectrograms"

_K6_SCRIPT = """
import grpc from 'k6/net/grpc';
const client = new grpc.Client();
client.load([__ENV.PROTOS], 'datastream.proto');
export default () => {
  client.connect(__ENV.TARGET, { plaintext: true, maxReceiveSize: Number(__ENV.LARGEST) });
  const began = Date.now();
  let frames = 0;
  const stream = new grpc.Stream(client, __ENV.METHOD);
  stream.on('data', () => { frames += 1; });
  stream.on('error', (error) => { console.log(`FAILED ${error.message}`); });
  stream.on('end', () => { console.log(`RECEIVED ${frames} in ${(Date.now() - began) / 1000}`); client.close(); });
  stream.write({ job_id: __ENV.SHAPE, max_frames: Number(__ENV.FRAMES) });
  stream.end();
};
"""


def k6(port: int, shape: str, frames: int) -> Cost:
    """k6, one virtual user that counts frames and looks at no value; its processor time includes its start."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        script = Path(folder, "stream.js")
        script.write_text(_K6_SCRIPT, encoding="utf-8")
        environment = os.environ | {
            "PROTOS": str(PROTOS),
            "TARGET": f"127.0.0.1:{port}",
            "LARGEST": str(LARGEST),
            "METHOD": _METHOD,
            "SHAPE": shape,
            "FRAMES": str(frames),
        }
        command = ["k6", "run", "--no-usage-report", "--quiet", "--no-summary", "--log-format=raw", str(script)]
        cost, words = _run(command, environment)
    told = re.search(r"RECEIVED (\d+) in ([\d.]+)", words)
    if told is None or int(told[1]) != frames:
        raise BenchError(f"k6 did not receive {frames} frames of {shape!r}: {words.strip()[-300:]}")
    cost.frames, cost.seconds = frames, float(told[2])
    return cost


def grpcurl(port: int, shape: str, frames: int) -> Cost:
    """grpcurl, which writes every frame as JSON, here to nowhere; its time includes its start."""
    command = ["grpcurl", "-plaintext", "-max-msg-sz", str(LARGEST), "-import-path", str(PROTOS)]
    command += ["-proto", "datastream.proto", "-d", json.dumps({"job_id": shape, "max_frames": frames})]
    cost, _ = _run([*command, f"127.0.0.1:{port}", _METHOD], dict(os.environ))
    cost.frames = frames
    return cost


TOOLS: dict[str, Callable[[int, str, int], Cost]] = {"k6": k6, "grpcurl": grpcurl}


def installed() -> list[str]:
    """The tools that are here; none where the operating system does not tell what a process cost (Windows)."""
    return [name for name in TOOLS if shutil.which(name) and hasattr(os, "wait4")]


def _run(command: Sequence[str], environment: dict[str, str]) -> tuple[Cost, str]:
    """What a process cost, and its words on standard error.

    Raises:
        BenchError: it failed; the sentence holds its last words.
    """
    with tempfile.TemporaryFile() as words:
        began = time.perf_counter()
        process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=words
        )
        peak, status = 0.0, None
        try:
            while status is None:
                peak = max(
                    peak, _resident(process.pid)
                )  # what wait4 tells includes that of the process that started it
                time.sleep(_MEMORY_EVERY)
                ended, told_status, usage = os.wait4(process.pid, os.WNOHANG)
                status = told_status if ended else None
            seconds = time.perf_counter() - began
            process.returncode = os.waitstatus_to_exitcode(status)
        finally:
            if status is None:  # interrupted
                process.kill()
                process.wait()
        words.seek(0)
        told = words.read().decode(errors="replace")
    if process.returncode:
        raise BenchError(f"{command[0]} ended with {process.returncode}: {told.strip()[-300:]}")
    return Cost(seconds=seconds, cpu=usage.ru_utime + usage.ru_stime, peak=peak), told


def _resident(pid: int) -> float:
    """Resident memory of a process that was started here, MiB; 0 where it has just ended."""
    try:
        return psutil.Process(pid).memory_info().rss / 2**20
    except psutil.Error:
        return 0.0
