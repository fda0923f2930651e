"""The tests that prove db/: every file, on every PostgreSQL from 12 to 18."""
