"""Measurements: a big book of business, the plans of the program's own queries, a big import."""
