"""Tests of maskctl.param."""
