"""The schemas of the stream and the stubs generated from them: the only code that client and simulator share."""
