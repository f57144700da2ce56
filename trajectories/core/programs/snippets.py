"""Snippets: code that a model wants run to see what it prints and what its last line comes to, as in a notebook cell.

An engine calls functions of programs, so a snippet is made into a program with one function.
"""

import io
import keyword
import tokenize
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from trajectories.core.programs.engines import CallResult, CallStatus, ProgramEngine, ProgramJob, ProgramLimits
from trajectories.core.records import JSON
from trajectories.core.text.storable import storable_text

MAX_CODE = 100_000
MAX_SHOWN = 4_000
"""Characters of a value that are shown; the engines keep 2,000 of what is printed."""

MAX_PRINTED = 2_000
LIMITS = ProgramLimits(seconds_per_call=10.0, seconds_total=10.0)
FUNCTION = "snippet"
NOTHING = "(nothing was printed and the last line has no value)"
CUT = "… (cut here)"

_PROGRAM = """\
def {function}():
    import ast
    try:
        tree = ast.parse({code!r}, "<program>")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as fault:
        return ["fault", f"{{type(fault).__name__}}: {{fault}}"]
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    names = {{"__name__": "__main__"}}
    exec(compile(tree, "<program>", "exec"), names)
    value = None if last is None else eval(compile(ast.Expression(last.value), "<program>", "eval"), names)
    return None if value is None else ["value", repr(value)[:{most}]]
"""
_LESS = "def {function}():\n    _ = None\n{body}\n"
_STATEMENTS = {*keyword.kwlist} - {"None", "True", "False", "not", "lambda"}
_ASSIGNS = ("=", "+=", "-=", "*=", "/=", "//=", "%=", "@=", "&=", "|=", "^=", ">>=", "<<=", "**=", ";", ":")


@dataclass(frozen=True, slots=True)
class SnippetResult:
    """What came of a snippet: `text` for the model, `data` for the page (status, printed, value, message, seconds)."""

    text: str
    ok: bool
    data: Mapping[str, JSON]


def run_snippet(engine: ProgramEngine, code: str) -> SnippetResult:
    """Run the code in the sandbox. Nothing that it does raises here."""
    if len(code) > MAX_CODE:
        message = f"Found {len(code):,} characters of code; expected at most {MAX_CODE:,}."
        return SnippetResult(message, False, {"status": "refused", "message": message})
    less = engine.name.startswith("monty")
    source = body_of(code) if less else _PROGRAM.format(function=FUNCTION, code=code, most=MAX_SHOWN + 1)
    call = engine.run(ProgramJob(source, ((),), FUNCTION, LIMITS)).calls[0]
    return _read(call, less)


def _read(call: CallResult, less: bool) -> SnippetResult:
    """The result of a call; of an engine with less Python the value comes as it is."""
    ok, message, value = call.status is CallStatus.RETURNED, call.message, ""
    if call.status is CallStatus.NOT_JSON and less:
        ok, message = True, ""
        value = f"({call.message})"
    elif ok and less:
        value = "" if call.value is None else repr(call.value)
    elif ok and isinstance(call.value, list) and len(call.value) == 2:
        kind, text = call.value
        ok = kind == "value"
        message, value = ("", str(text)) if ok else (str(text), "")
    value, printed = _cut(storable_text(value), MAX_SHOWN), _cut(call.printed, MAX_PRINTED - 1)
    parts = [printed.rstrip("\n"), value, "" if ok else f"Error: {message or call.status.value}"]
    shown = "\n".join(part for part in parts if part) or NOTHING
    data = {"status": call.status.value if ok or call.status is not CallStatus.RETURNED else "raised"}
    found = {"printed": printed, "value": value, "message": message}
    data |= {name: text for name, text in found.items() if text}
    return SnippetResult(shown, ok, {**data, "seconds": round(call.seconds, 3)})


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[:most] + CUT


def body_of(code: str) -> str:
    """The code as the body of a function that returns what its last line comes to, for an engine without `exec`."""
    inside, last = _lines_of_strings(code), _last_expression(code)
    lines = code.splitlines() or [""]
    shown = [
        line if number in inside else f"    {'return ' if number == last else ''}{line}"
        for number, line in enumerate(lines, 1)
    ]
    return _LESS.format(function=FUNCTION, body="\n".join(shown))


def _tokens(code: str) -> Iterable[tokenize.TokenInfo]:
    """The tokens as far as there are any: the sandbox says what is wrong with the rest."""
    try:
        yield from tokenize.generate_tokens(io.StringIO(code).readline)
    except (tokenize.TokenError, SyntaxError, ValueError):
        return


def _lines_of_strings(code: str) -> set[int]:
    """The numbers of lines that begin within a text."""
    found: set[int] = set()
    opened: list[int] = []
    for token in _tokens(code):
        name = tokenize.tok_name[token.type]
        if name == "STRING":
            found.update(range(token.start[0] + 1, token.end[0] + 1))
        elif name == "FSTRING_START":
            opened.append(token.start[0])
        elif name == "FSTRING_END" and opened:
            found.update(range(opened.pop() + 1, token.end[0] + 1))
    return found


def _last_expression(code: str) -> int | None:
    """The number of the line at which the last statement begins, where it is an expression and not indented."""
    statement: list[tokenize.TokenInfo] = []
    level, fresh = 0, True
    for token in _tokens(code):
        if token.type in (tokenize.INDENT, tokenize.DEDENT):
            level += 1 if token.type == tokenize.INDENT else -1
        elif token.type == tokenize.NEWLINE:
            fresh = True
        elif token.type not in (tokenize.NL, tokenize.COMMENT, tokenize.ENDMARKER):
            statement = [] if fresh and level == 0 else statement
            statement.append(token)
            fresh = False
    if not statement or statement[0].string in _STATEMENTS or statement[0].string == "@":
        return None
    return None if _assigns(statement) else statement[0].start[0]


def _assigns(statement: list[tokenize.TokenInfo]) -> bool:
    """Whether the statement is more than an expression: outside brackets stands something that no expression has."""
    depth = 0
    for token in statement:
        depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(token.string, 0)
        if depth == 0 and token.string in _ASSIGNS and not (token.string == ":" and statement[0].string == "lambda"):
            return True
    return False
