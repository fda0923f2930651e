"""Our own phone numbers."""
