"""The schema that a server says it serves, compared with the one that is spoken, or written down."""
