"""The embedded Focus Server: a process of its own that the suite reaches only over its ports.

It exists so that the suite can be tried, and tested, without a fibre. It follows the contract page by page and imports
nothing of the client side: what both share is the schema in ``protos``, or a bug would agree with itself.

A frame comes into being in small stages, each a pure function of the one before:

    fibre (samples) -> spectrum (arrays) -> frame (rows, bounds) -> wire (bytes) -> stream (paced by the clock)

``StreamService._payload`` strings them together, ``Pace`` says when, and ``Lines`` keeps the spectra, as bytes already,
for all jobs that watch the same channels; how long a job lives is ``Job``. For a job about the past, what stands in the
place of the fibre is out of ``recording``. What differs from one dialect to the other,
the bytes, the methods at a port, the endpoints of REST, has a room for each: ``story`` and ``production``. What the
server does wrong, or otherwise, when it is asked to, is in ``deviations``: they come in between these stages, and the
code of the correct server knows of them no more than where.

``python -m support.simulator --help`` tells what can be set.
"""
