"""Runs: planning them, claiming their attempts, sampling, and the next round."""
