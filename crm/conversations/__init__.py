"""Conversations: one thread per contact, channel and number."""
