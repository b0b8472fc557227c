"""The way between a client and a server, and the trouble it can be in."""
