"""Sources as trees, for tests that look through every file of the product."""

import ast
from collections.abc import Iterator


def statements(tree: ast.Module) -> Iterator[ast.AST]:
    """Every statement at any depth, and every branch that has some: `ast.walk` without expressions, which are most."""
    left: list[ast.AST] = list(tree.body)
    while left:
        each = left.pop()
        yield each
        for part in ("body", "orelse", "finalbody", "handlers", "cases"):
            left += getattr(each, part, ())
