"""People reviewing: who looks at what."""
