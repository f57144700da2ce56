"""Releases as environments for reinforcement learning: our verifiers and a release's problems as a package."""
