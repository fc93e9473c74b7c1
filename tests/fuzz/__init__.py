"""Tests of the readers with bytes nobody meant."""
