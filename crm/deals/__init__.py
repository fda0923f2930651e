"""Deals and their way through a pipeline."""
