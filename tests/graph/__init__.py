"""Tests of maskctl.graph."""
