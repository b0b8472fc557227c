"""The door that writes down the schema of a server."""
