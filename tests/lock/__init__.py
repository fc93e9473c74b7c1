"""Tests of maskctl.lock."""
