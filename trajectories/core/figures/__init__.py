"""Figures as records: what is drawn, the table of the same numbers, and what plotly.js is told. No library in here."""
