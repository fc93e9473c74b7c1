"""The front door: exact output, exit codes, and what ends up on disk."""
