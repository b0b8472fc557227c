"""The rules of a correct stream, by topic: frames and numbers in, findings out; no assertion, no I/O."""
