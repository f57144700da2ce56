"""Model judges at work: jobs that ask a model what it thinks of traces."""
