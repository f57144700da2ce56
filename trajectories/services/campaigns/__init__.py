"""Campaigns: planning them, moving each generation from stage to stage, and deciding who goes on."""
