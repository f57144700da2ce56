"""Scripts that measure; see docs/benchmarks.md."""
