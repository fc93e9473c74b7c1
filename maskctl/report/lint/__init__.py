"""Findings of the linter in the formats that people and machines read, one per file."""
