"""Import of contacts from CSV files: recognise, map, check, merge, undo."""
