"""Documents: files of contacts, deals and activities, with versions, preview and download."""
