"""Fields that the workspace adds to contacts and deals."""
