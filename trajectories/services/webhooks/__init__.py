"""Webhooks: making them, steering them, and sending what they are told."""
