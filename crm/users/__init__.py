"""People: signing in and out, first-run setup."""
