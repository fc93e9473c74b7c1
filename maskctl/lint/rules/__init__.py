"""One file per rule, named as the mistake: `layer_count_mismatch.py` is the rule `layer-count-mismatch`.

A rule file has a docstring that is its page (the mistake in a sentence, why it matters, examples under `Bad:` and
`Good:`), the constants `GROUP` and `SEVERITY`, and `check`, which yields a `Problem` for every place.
"""
