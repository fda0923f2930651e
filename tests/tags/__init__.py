"""Tests of the tags."""
