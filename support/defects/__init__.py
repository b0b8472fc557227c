"""Defects of a server that are known: they show, and do not turn a run red."""
