"""Tests of maskctl.featmask."""
