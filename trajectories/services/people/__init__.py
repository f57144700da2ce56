"""People: how they are invited, with what they are logged in, and who may no longer."""
