"""Samples: made of one call, or of those of an agent."""
