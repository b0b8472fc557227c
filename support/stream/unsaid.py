"""What some dialects cannot say: neither asked of a server that speaks one, nor judged."""

from enum import StrEnum


class Unsaid(StrEnum):
    """In words; who asks about it skips, or asks otherwise."""

    CANVAS = "the canvas of a row"
    ROW_END = "the end of a row"
    STREAM = "which of a job's streams is asked for"
    UNKNOWN_JOB = "that a job is not known"
    FRAME_LIMIT = "after how many frames a stream is to end"
    HEALTH = "whether the server is healthy"
    PRR = "the exact pulse repetition rate of the fibre"
    WINDOWS = "how many windows there are"
    SCALE = "whether values are linear or logarithmic"
    TASK = "what a task is to show"
    JOB_STATUS = "how a job is doing"
