"""The REST side on the wire: answers read within a deadline, connections, retries."""
