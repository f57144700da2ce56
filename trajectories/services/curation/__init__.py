"""What people decide about traces."""
