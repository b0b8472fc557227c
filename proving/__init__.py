"""The suite, tried on itself: against servers that break a promise, ones that only differ, and over and over again."""
