"""Verifiers at work: verdicts, the queue of traces without one, and doing it again."""
