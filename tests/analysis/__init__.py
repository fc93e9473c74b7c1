"""Losses, causes and the proposal."""
