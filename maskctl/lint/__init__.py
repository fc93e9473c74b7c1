"""Mistakes in `.param` files, found without running a model. A rule is a file in `rules/`, found by its name."""
