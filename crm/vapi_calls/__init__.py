"""Calls that an AI assistant made or took."""
