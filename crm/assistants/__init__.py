"""AI voice assistants."""
