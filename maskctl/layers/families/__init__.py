"""Arithmetic that several layer types share, one family per file. No file here defines a type."""
