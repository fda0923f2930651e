"""Search from anywhere: the command palette."""
