"""The C library's allocator, told to keep the buffers of large frames instead of fetching each anew from the system."""

from __future__ import annotations

import ctypes
from functools import cache

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
"""Names of the settings, from glibc's malloc.h."""

_KEPT_BYTES = 64 * 2**20
_LARGEST_KEPT = 32 * 2**20
"""The most that glibc allows for one buffer."""


@cache
def keep_buffers() -> bool:
    """Has the buffers of received messages used again; once is enough for a process.

    A frame of megabytes is a buffer that is freed as soon as it has been judged. By default glibc gives it back to the
    system, and the next frame pays for a thousand page faults: a third of what receiving costs (``make bench``). At
    most 64 MiB of freed memory are kept.

    Source: mallopt(3), https://man7.org/linux/man-pages/man3/mallopt.3.html

    Returns:
        False where the C library is another one; nothing has been changed then.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # not glibc, or no C library of the process, as on Windows
        return False
    settings = {_MMAP_THRESHOLD: _LARGEST_KEPT, _TRIM_THRESHOLD: _KEPT_BYTES, _ARENA_MAX: 1}
    return all(mallopt(name, value) for name, value in settings.items())
