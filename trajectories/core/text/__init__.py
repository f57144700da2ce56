"""Reading and drawing texts that nobody vouches for."""
