"""Reading programs of the symbolic sampler: which operations of its language a `transform` calls, in which order.

A program is read, never run. Whoever wrote it, the names of its functions are what counts: a call of a name that is no
operation makes a chain that is not of the language.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from trajectories.core.samplers.symbolic.vocabulary import FRAMES, operation_names

ENTRY = "transform"


@dataclass(frozen=True, slots=True)
class Chain:
    """A program's operations. `frame` names the function that enters its frame, "" for none; `layers` holds for each
    layer its operations in order, as operation.Op.key writes them, none for the input itself; `stacked` says that
    layers are stacked."""

    frame: str
    layers: tuple[tuple[str, ...], ...]
    stacked: bool = False

    @property
    def operations(self) -> tuple[str, ...]:
        """All operations of all layers."""
        return tuple(key for layer in self.layers for key in layer)

    @property
    def steps(self) -> Iterator[tuple[str, str]]:
        """(name of the operation before, operation) for every operation; the first of a layer comes after ""."""
        for layer in self.layers:
            previous = ""
            for key in layer:
                yield previous, key
                previous = name_of(key)


def name_of(key: str) -> str:
    """The name of an operation without its details."""
    return key.partition("(")[0]


def read_chain(program: str) -> Chain | None:
    """The chain of a program, None where it is none of the language."""
    try:
        tree = ast.parse(program)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    entries = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == ENTRY]
    if len(entries) != 1 or not entries[0].args.args:
        return None
    try:
        return _read(entries[0])
    except _UnknownError:
        return None


class _UnknownError(Exception):
    """The program does something that is not of the language."""


def _read(entry: ast.FunctionDef) -> Chain:
    frame, stacked = "", False
    chains: dict[str, tuple[str, ...]] = {entry.args.args[0].arg: ()}
    starts = {entry.args.args[0].arg}
    layers: list[tuple[str, ...]] = []
    for target, value in _assignments(entry):
        if isinstance(value, ast.Name):
            chains[target] = _known(chains, value)
            continue
        name, arguments = _call(value)
        if name in FRAMES:
            frame = name
            chains[target] = ()
            starts.add(target)
        elif name == "stack_layers":
            layers, stacked = [_known(chains, each) for each in _items(arguments)], True
            chains[target] = ()
        elif name in operation_names() and arguments:
            details = [each for each in arguments[1:] if not (isinstance(each, ast.Name) and each.id in starts)]
            chains[target] = (*_known(chains, arguments[0]), f"{name}({', '.join(map(ast.unparse, details))})")
        else:
            raise _UnknownError
    return Chain(frame, tuple(layers or [_result(entry, chains)]), stacked)


def _assignments(entry: ast.FunctionDef) -> Iterator[tuple[str, ast.expr]]:
    for node in entry.body:
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            continue  # what it says it does
        if isinstance(node, ast.Return):
            return
        if not isinstance(node, ast.Assign) or len(node.targets) != 1 or not isinstance(node.targets[0], ast.Name):
            raise _UnknownError
        yield node.targets[0].id, node.value


def _result(entry: ast.FunctionDef, chains: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The chain of what is returned: a copy of a variable, or a variable seen out of its frame."""
    last = entry.body[-1]
    value = last.value if isinstance(last, ast.Return) else None
    if isinstance(value, ast.ListComp):
        return _known(chains, value.generators[0].iter)
    if isinstance(value, ast.Call):
        _, arguments = _call(value)
        if arguments:
            return _known(chains, arguments[0])
    raise _UnknownError


def _call(value: ast.expr) -> tuple[str, list[ast.expr]]:
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Name):
        return value.func.id, value.args
    raise _UnknownError


def _items(arguments: list[ast.expr]) -> list[ast.expr]:
    if not arguments or not isinstance(arguments[0], ast.List):
        raise _UnknownError
    return arguments[0].elts


def _known(chains: dict[str, tuple[str, ...]], value: ast.expr) -> tuple[str, ...]:
    if not isinstance(value, ast.Name) or value.id not in chains:
        raise _UnknownError
    return chains[value.id]
