"""The change log, undo, the feed and live events."""
