"""Numbers in records of the core are explained: what they count, and in which unit."""

import ast
import re

import pytest

from tests.architecture.test_files import named, text

SEARCH = "trajectories/core/samplers/symbolic/"
"""The records of the search are its own: nothing outside reads them."""

MODULES = [name for name in named(".py", under="trajectories/core/") if not name.startswith(SEARCH)]


def is_record(node: ast.AST) -> bool:
    if not isinstance(node, ast.ClassDef) or node.name.startswith("_"):
        return False
    made = [*map(ast.unparse, node.decorator_list), *map(ast.unparse, node.bases)]
    return any("dataclass" in each or "NamedTuple" in each for each in made)


def unexplained(record: ast.ClassDef) -> list[str]:
    """The numbers without a docstring of their own whose name, or its first word, is not in the record's docstring."""
    said, found = ast.get_docstring(record) or "", []
    for node, after in zip(record.body, [*record.body[1:], None], strict=True):
        if not isinstance(node, ast.AnnAssign) or not isinstance(node.target, ast.Name):
            continue
        kind, name = ast.unparse(node.annotation), node.target.id
        if not re.search(r"\b(int|float|Decimal)\b", kind) or "Callable" in kind:
            continue
        has_own = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
        first = name.split("_")[0].rstrip("s")[:6]
        if not has_own and not re.search(rf"`{name}`|\b{re.escape(first)}", said):
            found.append(name)
    return found


@pytest.mark.parametrize("name", MODULES)
def test_numbers_of_records_are_explained(name):
    records = [node for node in ast.parse(text(name)).body if is_record(node)]
    assert not {record.name: found for record in records if (found := unexplained(record))}


def test_a_number_that_nobody_explains_is_found():
    [record] = ast.parse(
        "@dataclass\nclass Bell:\n    'A bell.'\n    pitch: float\n    loud: int\n    'In decibels.'"
    ).body
    assert unexplained(record) == ["pitch"]
