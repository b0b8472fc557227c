"""What this process and this machine have in use, and leave behind."""
