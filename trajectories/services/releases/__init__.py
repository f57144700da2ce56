"""Frozen selections of accepted traces, and the files written from them."""
