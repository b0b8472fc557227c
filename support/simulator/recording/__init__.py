"""Recordings: files of what a fibre has measured, and how historic jobs are played from them.

``prodml`` writes and reads them, PRODML 2.1 in HDF5, a part at a time; ``foreign`` reads whatever else dascore does;
``opening`` finds out which of the two a file needs. A ``Recording`` is a file whose channels have numbers: to those who
make lines of it, it is like a fibre. ``History`` knows which lines an asked range has, and ``Library`` which recording
the server plays. ``python -m support.simulator.record`` makes one of the synthetic fibre.
"""
