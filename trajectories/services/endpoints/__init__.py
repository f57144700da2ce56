"""Models behind endpoints: who may be called, how fast, and what was paid for."""
