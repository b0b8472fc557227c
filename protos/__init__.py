"""The schema of the stream and the stubs generated from it: the only code that client and simulator share."""
