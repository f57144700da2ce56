"""How much alike texts are, by how well they compress together."""

import ast
import zlib
from collections.abc import Sequence

LONGEST_PROGRAM = 20_000
"""Characters of a program that is taken apart; a longer one is only rid of its blanks."""


def compression_ratio(texts: Sequence[str]) -> float | None:
    """The bytes of all texts over the bytes that they compress to together: the higher, the more alike they are.

    The compression ratio of Shaib et al. 2024 (arXiv 2403.00553), with zlib in place of gzip, which differs by its
    header. Texts count as often as they are given. None for fewer than two texts, of which it says nothing.
    """
    if len(texts) < 2:
        return None
    joined = "\n".join(texts).encode("utf-8", "surrogatepass")
    return len(joined) / len(zlib.compress(joined, 9)) if joined else None


def normal_program(source: str) -> str:
    """A program without what makes no difference to what it does: comments, docstrings, blanks, kinds of quotes.

    What does not parse, or is too long, is only rid of repeated blanks.
    """
    if len(source) <= LONGEST_PROGRAM:
        try:
            return ast.unparse(_without_docstrings(ast.parse(source)))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            pass
    return " ".join(source.split())


def _without_docstrings(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and _is_text(node.body):
            node.body = node.body[1:] or [ast.Pass()]
    return tree


def _is_text(body: Sequence[ast.stmt]) -> bool:
    first = body[0] if body else None
    return isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
