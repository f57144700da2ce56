"""Traces: storing what was sampled here, and taking over what was sampled elsewhere."""
