"""Background work as such: leases, bells, signs of life, and databases that are away."""
