"""Tests of maskctl.targets."""
