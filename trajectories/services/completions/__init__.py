"""Completions in parts: what models thought and what they answered, kept apart."""
