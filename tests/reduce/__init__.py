"""Tests of the smallest models."""
