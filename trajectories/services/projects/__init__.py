"""Projects: how they are made, who works in them, and as what."""
