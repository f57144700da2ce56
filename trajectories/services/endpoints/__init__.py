"""Endpoints of models: what the settings allow, and what they said when calls failed."""
