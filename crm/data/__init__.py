"""Data: what comes in, what goes out, what waits in the trash, and backups, on one page."""
