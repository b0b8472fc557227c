"""What a server says of its schema, by reflection, and how that compares with the one that is spoken."""
