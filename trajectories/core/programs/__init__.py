"""Programs that nobody vouches for: how they are run, and pieces of them."""
