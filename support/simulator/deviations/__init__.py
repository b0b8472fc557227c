"""Deviations: what the server does otherwise than its correct self, when it is asked to.

A *fault* breaks one promise of the contract. A *variant* keeps them all and is still different. Either is one function
that transforms one thing at one *stage* of the server (``stages`` lists them), under a decorator that says which stage
and which promise; its name is the deviation's name, its docstring the sentence that people read, and a third parameter,
where it has one, its argument:

    @FRAME.fault("life")
    def dead_sensor(frame: Frame, _at: At, sensor: Sensor = 3) -> Frame:
        \"""One sensor holds nothing but zeros.\"""
        return with_sensor(frame, sensor, lambda values: values * 0)

The server asks ``Deviations``, the active ones, at each stage; with none active that is an empty loop. A fault can be
asked for under conditions (``condition``), "dead-sensor@from-frame=30@stream=2": what is about to be sent or answered
is a ``situation``, and ``acting`` lets the fault's function act where the conditions hold in it. Topics:

    structure  frames, rows, sensors, bins, canvas     answers   what ``/configure`` answers
    spectra    values, bounds, life                    refusals  errors and metadata
    times      rows, lines, live data                  jobs      ids, address, health, cancel, unknown jobs
    delivery   rate, count, end, wire                  beside    streams, jobs and windows beside each other
    slow       what grows with time                    untrue    what is shown is not what was measured
    ranges     of the past: rows, seams, repetitions   variants  the correct but different

and in production's dialect alone:

    streams      between the streams of a job          bytes_ready          sizes, numbers of lines, scale
                                                       production_variants  the correct but different
"""

from support.simulator.deviations import (
    answers,
    beside,
    bytes_ready,
    delivery,
    jobs,
    production_variants,
    ranges,
    refusals,
    slow,
    spectra,
    streams,
    structure,
    times,
    untrue,
    variants,
)
from support.simulator.deviations.active import Deviations
from support.simulator.deviations.catalogue import UnknownDeviationError, listing, listing_as_json

__all__ = ["Deviations", "UnknownDeviationError", "listing", "listing_as_json"]

# importing them fills the catalogue
TOPICS = (
    *(structure, spectra, times, delivery, answers, refusals, jobs, beside, slow, untrue, ranges, variants),
    *(streams, bytes_ready, production_variants),
)
