"""Mail that leaves."""
