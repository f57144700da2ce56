"""Stand-ins for the outside world, to try the product and to test it."""
