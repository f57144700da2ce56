"""The functions that pixel programs are made of.

The search calls them, and an emitted program carries their source: one semantics for both. So each function uses only
built-in types, only other functions of this package, and only syntax that restricted interpreters know (no imports,
classes, `next`, `match` or decorators). Maps are lists of rows with one whole number per cell; -1 means "none".
"""
