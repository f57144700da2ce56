"""Counting samples for figures: every sum is made in the database, and no trace is read."""
