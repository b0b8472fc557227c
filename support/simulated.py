"""The servers that scenarios name in words, as faults and variants of the embedded Focus Server."""

from __future__ import annotations

FAULTS = {
    "whose third sensor is dead": "dead-sensor=3",
    "whose third sensor is frozen": "frozen-sensor=3",
    "whose picture is frozen": "frozen-picture",
    "that sends zeros": "all-zero",
    "that sends a value that is not a number": "nan-value",
    "that sends negative values": "negative-value",
    "that declares too tight bounds": "bounds-too-tight",
    "that leaves a sensor out": "sensor-missing=3",
    "that sends another job's sensors": "sensors-shifted",
    "that leaves a frequency out": "bin-missing=3",
    "that sends empty frames": "empty-frame",
    "that changes the canvas": "canvas-changes",
    "that ends rows before they start": "row-ends-before-start",
    "that counts time in seconds": "timestamps-in-seconds",
    "that loses three lines at a time": "line-lost=3",
    "that repeats lines": "line-repeated",
    "that swaps lines": "lines-swapped",
    "whose line rate drifts": "line-rate-drift=2",
    "whose clock is five seconds ahead": "clock-ahead=5",
    "whose data are five seconds old": "stale-data=5",
    "that stalls for a second": "stall=1",
    "that sends a frame too many": "one-frame-too-many",
    "that sends a frame too few": "one-frame-too-few",
    "that breaks off": "abort-in-mid-stream",
    "that sends bytes which are no frame": "not-protobuf",
    "that miscounts the channels": "channel-amount-wrong",
    "that shifts the frequencies": "frequencies-shifted",
    "that misstates the line distance": "lines-dt-wrong",
}

VARIANTS = {
    "that names its port as text": "port-as-string",
    "that puts a scheme before its host": "scheme-in-url",
    "that has no health check": "no-check-health",
    "that sends one row a frame": "one-row-frames",
    "that keeps running bounds": "running-bounds",
    "that sends values unpacked": "unpacked-floats",
    "that rounds times down": "floor-timestamps",
    "that has a very quiet sensor": "quiet-sensor",
}
