"""The server under test: the embedded one, a secured one of a scenario, or a real one."""
