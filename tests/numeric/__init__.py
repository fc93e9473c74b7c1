"""Tests of maskctl.numeric."""
