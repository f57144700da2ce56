"""Campaigns: what a generation is made of, what it learns from, and whether it is better."""
