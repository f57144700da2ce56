"""Reading what was made elsewhere."""
