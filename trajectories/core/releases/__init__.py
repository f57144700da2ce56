"""What a release takes: rules as records, and the pure parts of applying them."""
