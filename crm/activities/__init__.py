"""Tasks, meetings, notes and follow-ups: agenda, week and month, series, reminders, the feed."""
