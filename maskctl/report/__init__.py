"""Results as JSON. No arithmetic here: every figure comes from analysis."""
