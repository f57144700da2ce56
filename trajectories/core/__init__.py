"""Pure Python: no framework, no database, no network. Everything here is a function of its arguments."""
