"""The dashboard: figures and charts of a range of days, of everybody or of one owner."""
