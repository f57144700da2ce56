"""Which traces count as different: programs by what is left without names and remarks, texts by words they share."""

import ast
import re
from collections.abc import Sequence
from zlib import crc32

from trajectories.core.identity import text_hash

ALIKE = 0.5
"""Two texts that share so much of their word triples (Jaccard index) are alike."""

MAX_PROGRAM = 200_000
_WORD = re.compile(r"\w+")


def sketch_of(program: str, text: str) -> frozenset[int]:
    """What a trace is compared by: its program alone where it has one, else the triples of words of its text."""
    if program.strip():
        return frozenset({crc32(program_key(program).encode())})
    words = _WORD.findall(text.lower())
    triples = (" ".join(words[at : at + 3]) for at in range(max(1, len(words) - 2)))
    return frozenset(crc32(triple.encode()) for triple in triples)


def program_key(program: str) -> str:
    """A hash of the program's syntax tree without its own names, remarks and layout; of its text where it has none.

    Programs are hostile: one that the parser refuses, or that is nested too deeply, counts by its text.
    """
    try:
        tree = ast.parse(program[:MAX_PROGRAM])
        return text_hash(ast.dump(_Normaliser(_own_names(tree)).visit(tree)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return text_hash(program)


def _own_names(tree: ast.AST) -> set[str]:
    """Names that the program gives to things itself; those it only uses (min, max) say what it does."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.arg):
            names.add(node.arg)
        elif isinstance(node, ast.FunctionDef):
            names.add(node.name)
    return names


class _Normaliser(ast.NodeTransformer):
    """Own names in the order in which they turn up; texts that stand by themselves (remarks) fall out."""

    def __init__(self, own: set[str]) -> None:
        self._own = own
        self._names: dict[str, str] = {}

    def _short(self, name: str) -> str:
        return self._names.setdefault(name, f"n{len(self._names)}") if name in self._own else name

    def visit_Name(self, node: ast.Name) -> ast.AST:
        """A name, or where it is one's own, its number."""
        return ast.Name(self._short(node.id), node.ctx)

    def visit_arg(self, node: ast.arg) -> ast.AST:
        """An argument without its type."""
        return ast.arg(self._short(node.arg))

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        """A function without the type of what it returns."""
        node.name, node.returns = self._short(node.name), None
        self.generic_visit(node)
        return node

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        """A statement; none where it is a text."""
        if isinstance(node.value, ast.Constant):
            return None
        self.generic_visit(node)
        return node


def count_diverse(sketches: Sequence[frozenset[int]], enough: int) -> int:
    """How many of the sketches differ from each other, taken greedily in their order; counting ends at `enough`."""
    chosen: list[frozenset[int]] = []
    for sketch in sketches:
        if len(chosen) >= enough:
            break
        if all(similarity(sketch, other) < ALIKE for other in chosen):
            chosen.append(sketch)
    return len(chosen)


def similarity(one: frozenset[int], other: frozenset[int]) -> float:
    """The Jaccard index, in [0, 1]; two empty sketches are the same."""
    union = len(one | other)
    return len(one & other) / union if union else 1.0
