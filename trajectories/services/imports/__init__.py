"""Imports of problems and traces, as jobs of workers or here and now."""
