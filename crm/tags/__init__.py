"""Tags on contacts and deals."""
