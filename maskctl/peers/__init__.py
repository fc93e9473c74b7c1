"""The outside witnesses: other people's engines, each in a process of its own."""
