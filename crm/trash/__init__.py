"""The trash: what was deleted, how long it stays, restore and delete for ever."""
