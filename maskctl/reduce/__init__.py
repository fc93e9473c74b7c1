"""The smallest sub-model that still shows what a model shows: a loss, NaN, a crash, an engine that is not as predicted."""
