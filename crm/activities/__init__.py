"""Tasks, meetings, notes and follow-ups."""
