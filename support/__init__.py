"""The library behind the acceptance suite: everything that knows how."""
