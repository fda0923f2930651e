"""The house's own rules, checked on the tree itself."""
