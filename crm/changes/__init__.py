"""The change log: what was changed, by whom, and taking it back."""
