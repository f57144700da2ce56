"""Pictures and texts of ARC grids: pure functions from cells to SVG paths, PNG bytes and strings."""
