"""Tests over the real files in the folder beside the repository."""
