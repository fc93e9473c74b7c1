"""Readers fed with bytes nobody meant: what they must do, what they have been fed, and the program that looks for more."""
