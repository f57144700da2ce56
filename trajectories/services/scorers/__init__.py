"""Learned scorers: asking for one, training it, and scoring traces by it."""
