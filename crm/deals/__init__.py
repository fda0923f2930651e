"""Deals: the board, the list, a deal's page, and the pipelines they go through."""
