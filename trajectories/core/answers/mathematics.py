"""Mathematics in one form: numbers, formulas, tuples, sets, intervals and equations that are equal share a key.

A small reader of its own, for what answers hold. It is pure and bounded, so that votes can be counted by a stored key;
what it cannot read is left to a computer algebra system (verifiers.expressions). Formulas are told apart by their values
at three points (Schwartz 1980: formulas that differ agree at random points almost never); so |x| is not x, as one of the
points is negative.
"""

import cmath
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from hashlib import sha256

from trajectories.core.answers.numbers import read_quantity
from trajectories.core.answers.plain import plain_mathematics, strip_marks
from trajectories.core.answers.texts import normalise

MAX_CHARACTERS = 300
MAX_DEPTH = 12
MAX_POWER = 400
POINTS = 3
DIGITS = 9
CLOSE = 1e-6
"""Relative; how far decimals may be from what they stand for inside tuples, sets and intervals."""

Value = Fraction | complex
Node = tuple[object, ...]


class _Unreadable(ValueError):
    """What is not mathematics that is read here."""


@dataclass(frozen=True, slots=True)
class Form:
    """What a text says.

    `shape` is number, formula, tuple, list, set, interval, union, equation, assignments, written (what counts as it
    stands: ratios, times, numbers with their base) or words; `key` is shared by equal ones.
    `values` are the constants inside (of an interval its ends), empty where there are symbols; `brackets` tells open
    from closed ends of intervals.
    """

    shape: str
    key: str
    values: tuple[Value, ...] = ()
    brackets: str = ""


_FUNCTIONS: Mapping[str, Callable[[complex], complex]] = {
    "sin": cmath.sin, "cos": cmath.cos, "tan": cmath.tan, "cot": lambda x: 1 / cmath.tan(x), "sec": lambda x: 1 / cmath.cos(x),
    "csc": lambda x: 1 / cmath.sin(x), "arcsin": cmath.asin, "arccos": cmath.acos, "arctan": cmath.atan, "asin": cmath.asin,
    "acos": cmath.acos, "atan": cmath.atan, "sinh": cmath.sinh, "cosh": cmath.cosh, "tanh": cmath.tanh, "ln": cmath.log,
    "log": cmath.log, "exp": cmath.exp, "sqrt": cmath.sqrt,
}  # fmt: skip
_GREEK = frozenset(
    "alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda nu xi rho sigma tau phi varphi chi psi omega mu".split()
)
_GREEK_LETTERS = frozenset("αβγδεζηθικλμνξρστφχψω")
_SHORT_WORDS = frozenset("is of in to or no on at an as by we if it so up us he be do go my ok".split())
_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?|\.\d+)|\\(?P<command>[A-Za-z]+)|(?P<word>[A-Za-z]+)|(?P<sign>.))", re.DOTALL
)
_REPEATING = re.compile(r"(\d+)\.(\d*)(?:\\overline|\\bar|\\dot)\s?\{(\d+)\}|(\d+)\.(\d*)\((\d+)\)")
_SPLIT_WORDS = re.compile(r"\s*(?:,?\s*(?<![^\W\d_])(?:or|and|oder|und|ou|et)(?![^\W\d_])|[;∨])\s*", re.IGNORECASE)
_REALS = re.compile(r"\\mathbb\s?\{?R\}?|ℝ")
_FRENCH = re.compile(r"\][^\[\]()]+[,;][^\[\]()]+[\[\]]|\[[^\[\]()]+[,;][^\[\]()]+\[")
_RATIO = re.compile(r"\d+(?:\.\d+)?(?:\s?:\s?\d+(?:\.\d+)?)+")
_BASED = re.compile(r"[\dA-F]+_\{?\d{1,2}\}?")
_ORDER = re.compile(r"[<>≤≥]")
_FLIP = {"<": ">", ">": "<", "≤": "≥", "≥": "≤"}
_SYMBOL = re.compile(r"\\?[A-Za-z]+(?:_\{?\w+\}?)?'?(?:\([A-Za-z]\))?|[α-ω]")


def read_form(text: str) -> Form | None:
    """What a whole text says as mathematics, None where it is none that is read here."""
    if not 0 < len(text) <= MAX_CHARACTERS:
        return None
    words = _words(text)
    if words is not None:
        return words
    text = _REALS.sub(r"(-\\infty,\\infty)", text)
    plain = strip_marks(plain_mathematics(strip_marks(text))).strip(" ,;:")
    plain = _REPEATING.sub(_repeating, plain.replace("\\{", "⦃").replace("\\}", "⦄"))
    try:
        return _statement(plain) if plain else None
    except (_Unreadable, ArithmeticError, ValueError, RecursionError):
        return None


def equal_forms(expected: Form, found: Form) -> bool | None:
    """Whether two forms are equal; None where that cannot be said here. Decimals may stand for what they are near to."""
    if expected.key == found.key:
        return True
    shapes = {expected.shape, found.shape}
    if shapes == {"number", "formula"}:
        # A formula of symbols that is a number after all: sin(x)^2 + cos(x)^2.
        number, formula = sorted((expected, found), key=lambda form: form.shape != "number")
        return set(formula.key.rpartition(":")[2].split("|")) == {number.key.removeprefix("n:")}
    if "written" in shapes or "words" in shapes:
        return False
    if not expected.values or not found.values:
        return None
    if shapes <= {"number", "set", "list"} and len(expected.values) == len(found.values) == 1:
        return _close(expected.values[0], found.values[0])
    if shapes <= {"set", "list"}:
        return _all_close(sorted(expected.values, key=_order), sorted(found.values, key=_order))
    if shapes <= {"tuple", "list", "interval", "union"}:
        same = expected.brackets == found.brackets or "list" in shapes and "interval" not in shapes and "union" not in shapes
        return same and _all_close(expected.values, found.values)
    return False


def _close(one: Value, other: Value) -> bool:
    if one == other:
        return True
    left, right = complex(one), complex(other)
    if cmath.isinf(left) or cmath.isinf(right):
        return False
    whole = isinstance(one, Fraction) and isinstance(other, Fraction) and one.denominator == other.denominator == 1
    return not whole and abs(left - right) <= CLOSE * max(abs(left), abs(right))


def _all_close(one: Sequence[Value], other: Sequence[Value]) -> bool:
    return len(one) == len(other) and all(_close(left, right) for left, right in zip(one, other, strict=True))


def _order(value: Value) -> tuple[float, float]:
    return complex(value).real, complex(value).imag


def _words(text: str) -> Form | None:
    r"""A text that is nothing but \text{words}."""
    inner = re.fullmatch(r"[\s$]*\\(?:text|mbox|mathrm|textbf|textrm|textit|mathbf)\s?\{([^{}\\$]*)\}[\s$.]*", text)
    if inner is None or read_quantity(inner[1]) is not None or not re.search(r"[^\W\d_]", inner[1]):
        return None
    return Form("words", "w:" + words_key(inner[1]))


def words_key(text: str) -> str:
    """What texts that are words share: normal, a lone letter without its brackets."""
    normal = normalise(text)
    return re.sub(r"\A\((\w)\)\Z", r"\1", normal)


def _repeating(found: re.Match[str]) -> str:
    whole, fixed, period = (found[1], found[2], found[3]) if found[1] is not None else (found[4], found[5], found[6])
    if len(fixed) + len(period) > 40:
        return found[0]
    scale = 10 ** len(fixed)
    value = Fraction(int(whole + fixed), scale) + Fraction(int(period), scale * (10 ** len(period) - 1))
    return f"({value.numerator}/{value.denominator})"


def _statement(text: str) -> Form:
    """Any of the shapes; the text is in plain spelling."""
    if text in ("∅", "⦃⦄", "⦃ ⦄"):
        return Form("set", "s:")
    if _RATIO.fullmatch(text) or _BASED.fullmatch(text):
        return Form("written", "w:" + re.sub(r"[\s{}]", "", text))
    parts = [part for part in _SPLIT_WORDS.split(text) if part.strip()]
    if len(parts) > 1:
        return _several([part.strip() for part in parts])
    if "∪" in text:
        return _union([_statement(part) for part in _split(text, "∪")])
    if "∈" in text:
        name, _, rest = text.partition("∈")
        if _SYMBOL.fullmatch(name.strip()) is None:
            raise _Unreadable
        return _statement(rest.strip())
    if _ORDER.search(text):
        return _inequality(text)
    if _FRENCH.fullmatch(text) and (bracketed := _bracketed(text)) is not None:
        return bracketed
    commas = _split(text, ",")
    if len(commas) > 1:
        quantity = read_quantity(text)
        return _number(quantity.value) if quantity is not None and not quantity.unit else _several([part.strip() for part in commas])
    if "=" in text:
        return _equation(text)
    return _bracketed(text) or _formula(text)


def _several(parts: Sequence[str]) -> Form:
    """Values one beside the other: solutions, or values of several symbols."""
    forms = [_statement(part) for part in parts]
    if all(form.shape in ("interval", "union") for form in forms):
        return _union(forms)
    names = [part.partition("=")[0].strip() if "=" in part else "" for part in parts]
    if len(set(names)) > 1 and all(names) and len({name.split("_")[0] for name in names}) > 1:
        pairs = sorted(zip(names, forms, strict=True), key=lambda pair: pair[0])
        return Form("assignments", "a:" + ",".join(f"{name}={form.key}" for name, form in pairs))
    return _collection("list", "", forms)


def _split(text: str, sign: str) -> list[str]:
    """The text cut at a sign that stands outside of all brackets."""
    parts, depth, start = [], 0, 0
    for index, character in enumerate(text):
        if character in "([{⦃":
            depth += 1
        elif character in ")]}⦄":
            depth -= 1
        elif character == sign and depth <= 0:
            parts.append(text[start:index])
            start = index + 1
    return [*parts, text[start:]]


def _bracketed(text: str) -> Form | None:
    """A tuple, a set or an interval; None for what is none."""
    opening, closing, inner = text[0], text[-1], text[1:-1]
    if opening in "([⦃{]" and closing in ")]⦄}[" and _closes_at_end(text):
        parts = [part.strip() for part in _split(inner, ",")]
        if opening in "⦃{":
            return _collection("set", "", [_statement(part) for part in parts if part]) if closing in "⦄}" else None
        if len(parts) < 2:
            parts = [part.strip() for part in _split(inner, ";")]
        if len(parts) < 2:
            return None
        forms = [_statement(part) for part in parts]
        brackets = ("(" if opening in "(]" else "[") + (")" if closing in ")[" else "]")
        if len(forms) == 2 and opening + closing != "()":
            return _interval(forms, brackets)
        return _collection("tuple", brackets, forms)
    return None


def _closes_at_end(text: str) -> bool:
    """Whether the first bracket is closed by the last character."""
    depth = 0
    for character in text[:-1]:
        depth += {"(": 1, "[": 1, "⦃": 1, "{": 1, ")": -1, "]": -1, "⦄": -1, "}": -1}.get(character, 0)
        if depth <= 0 and character not in "]":
            return False
    return text[0] == "]" or depth == 1


def _collection(shape: str, brackets: str, forms: Sequence[Form]) -> Form:
    keys = [form.key for form in forms]
    if shape in ("set", "list"):
        keys = sorted(set(keys))
        if len(keys) == 1 and shape == "list":
            return forms[0]
    values: list[Value] = []
    for form in forms:
        if form.shape != "number":
            values = []
            break
        values.append(form.values[0])
    if shape == "set":
        values = list(dict.fromkeys(values))
    sign = {"tuple": "t", "set": "s", "list": "s"}[shape]
    return Form(shape, f"{sign}{brackets}:{'|'.join(keys)}", tuple(values), brackets)


def _interval(ends: Sequence[Form], brackets: str) -> Form:
    if any(form.shape != "number" for form in ends):
        return _collection("tuple", brackets, ends)
    low, high = (form.values[0] for form in ends)
    # An open interval is written as a pair is, so they share a key.
    left, right = ("(" if _is_infinite(low) else brackets[0]), (")" if _is_infinite(high) else brackets[1])
    return Form("interval", f"t{left}{right}:{ends[0].key}|{ends[1].key}", (low, high), left + right)


def _is_infinite(value: Value) -> bool:
    return isinstance(value, complex) and cmath.isinf(value)


def _union(forms: Sequence[Form]) -> Form:
    if any(form.shape not in ("interval", "tuple", "union", "set", "number") for form in forms):
        raise _Unreadable
    ordered = sorted(forms, key=lambda form: _order(form.values[0]) if form.values else (0.0, 0.0))
    values = tuple(value for form in ordered for value in form.values)
    return Form("union", "u:" + "&".join(form.key for form in ordered), values, "".join(form.brackets for form in ordered))


def _inequality(text: str) -> Form:
    """A symbol between bounds, as the interval it lies in."""
    signs = _ORDER.findall(text)
    parts = [part.strip() for part in _ORDER.split(text)]
    if len(parts) == 2 and _SYMBOL.fullmatch(parts[1]) and not _SYMBOL.fullmatch(parts[0]):
        parts, signs = parts[::-1], [_FLIP[signs[0]]]
    if len(parts) == 2 and _SYMBOL.fullmatch(parts[0]):
        bound, infinity = _statement(parts[1]), _number(complex(math.inf))
        if signs[0] in "<≤":
            return _interval([_number(complex(-math.inf)), bound], "(" + (")" if signs[0] == "<" else "]"))
        return _interval([bound, infinity], ("(" if signs[0] == ">" else "[") + ")")
    if len(parts) == 3 and _SYMBOL.fullmatch(parts[1]) and {_kind(sign) for sign in signs} in ({"<"}, {">"}):
        if _kind(signs[0]) == ">":
            parts, signs = parts[::-1], [_FLIP[sign] for sign in signs[::-1]]
        return _interval([_statement(parts[0]), _statement(parts[2])], ("(" if signs[0] == "<" else "[") + (")" if signs[1] == "<" else "]"))
    raise _Unreadable


def _kind(sign: str) -> str:
    return "<" if sign in "<≤" else ">"


def _equation(text: str) -> Form:
    """An equation; "x = 3" is 3."""
    sides = [side.strip() for side in text.split("=")]
    if len(sides) != 2 or not all(sides):
        raise _Unreadable
    for name, other in (sides, sides[::-1]):
        if _SYMBOL.fullmatch(name) or re.fullmatch(r"\([A-Za-z](?:\s?,\s?[A-Za-z])+\)", name):
            form = _statement(other)
            if form.values:
                return form
    left, right = (_parse(side) for side in sides)
    symbols = _symbols_of(left) | _symbols_of(right)
    if not symbols:
        raise _Unreadable
    gaps = [complex(one) - complex(other) for one, other in zip(_at_points(left, symbols), _at_points(right, symbols), strict=True)]
    unit = next((gap for gap in gaps if abs(gap) > 1e-9), None)
    if unit is None:
        raise _Unreadable
    return Form("equation", f"e:{','.join(sorted(symbols))}:{'|'.join(_written(gap / unit) for gap in gaps)}")


def _formula(text: str) -> Form:
    quantity = read_quantity(text)
    if quantity is not None:
        if quantity.unit and not quantity.noun:
            raise _Unreadable
        if not quantity.unit:
            return _number(quantity.value)
    if "±" in text:
        if text.count("±") > 1:
            raise _Unreadable
        return _collection("list", "", [_formula(text.replace("±", sign)) for sign in "+-"])
    node = _parse(text)
    symbols = _symbols_of(node)
    if not symbols:
        return _number(_evaluate(node, {}))
    values = _at_points(node, symbols)
    return Form("formula", f"f:{','.join(sorted(symbols))}:{'|'.join(_written(value) for value in values)}")


def _number(value: Value) -> Form:
    return Form("number", f"n:{_written(value)}", (value,))


def _written(value: Value) -> str:
    if isinstance(value, Fraction):
        return str(value)
    if cmath.isnan(value):
        raise _Unreadable
    if cmath.isinf(value):
        return "inf" if value.real > 0 else "-inf"
    real, imaginary = (0.0 if abs(part) < 1e-12 * max(1.0, abs(value)) else part for part in (value.real, value.imag))
    if not imaginary:
        near = Fraction(real).limit_denominator(10_000)
        if abs(near - Fraction(real)) <= 1e-13 * max(1.0, abs(real)):
            return str(near)
    return f"{real:.{DIGITS}e}" + (f"{imaginary:+.{DIGITS}e}i" if imaginary else "")


def _at_points(node: Node, symbols: frozenset[str]) -> list[Value]:
    return [_evaluate(node, {name: _point(name, number) for name in symbols}) for number in range(POINTS)]


def _point(name: str, number: int) -> complex:
    """The value of a symbol at a point: from 0.3 to 2.3, at the second point negative."""
    size = 0.3 + 2 * int.from_bytes(sha256(f"{name} {number}".encode()).digest()[:6], "big") / 2**48
    return complex(-size if number == 1 else size)


def _symbols_of(node: Node) -> frozenset[str]:
    if node[0] == "symbol":
        return frozenset([str(node[1])])
    return frozenset().union(*(_symbols_of(part) for part in node[1:] if isinstance(part, tuple)))


def _parse(text: str) -> Node:
    reader = _Reader(text)
    node = reader.sum(0)
    if not reader.at_end():
        raise _Unreadable
    return node


class _Reader:
    """Reads one formula: sums of products of powers, with multiplication that is not written."""

    def __init__(self, text: str) -> None:
        text = text.replace("×", "*").replace("·", "*").replace("÷", "/").replace("**", "^").replace("√", "\\sqrt")
        self._tokens = [token for token in _tokens(text)]
        self._index = 0

    def at_end(self) -> bool:
        return self._index >= len(self._tokens)

    def _peek(self) -> str:
        return "" if self.at_end() else self._tokens[self._index]

    def _take(self, wanted: str = "") -> str:
        token = self._peek()
        if not token or (wanted and token != wanted):
            raise _Unreadable
        self._index += 1
        return token

    def sum(self, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise _Unreadable
        node = self._product(depth)
        while self._peek() in ("+", "-"):
            sign = self._take()
            node = (sign, node, self._product(depth))
        return node

    def _product(self, depth: int) -> Node:
        node = self._signed(depth)
        while True:
            if self._peek() in ("*", "/"):
                sign = self._take()
                node = (sign, node, self._signed(depth))
            elif self._begins_atom():
                mixed = node[0] == "number" and self._peek() == "\\frac"
                other = self._power(depth)
                # 2 1/2 written with \frac is a sum; 2 sqrt(3) is a product.
                node = ("+", node, other) if mixed and not _symbols_of(other) and _is_proper(other) else ("*", node, other)
            else:
                return node

    def _begins_atom(self) -> bool:
        token = self._peek()
        return bool(token) and (token[0].isascii() and token[0].isalnum() or token[0] in "\\(.[π∞{" or token[0] in _GREEK_LETTERS) and token not in ("\\end",)

    def _signed(self, depth: int) -> Node:
        if self._peek() in ("+", "-"):
            sign = self._take()
            node = self._signed(depth)
            return ("neg", node) if sign == "-" else node
        return self._power(depth)

    def _power(self, depth: int) -> Node:
        node = self._atom(depth)
        while True:
            if self._peek() == "^":
                self._take()
                node = ("^", node, self._argument(depth))
            elif self._peek() == "!":
                self._take()
                node = ("!", node)
            elif self._peek() == "°":
                self._take()
                node = ("*", node, ("/", ("pi",), ("number", Fraction(180))))
            elif self._peek() == "%":
                self._take()
                node = ("/", node, ("number", Fraction(100)))
            else:
                return node

    def _argument(self, depth: int) -> Node:
        """What is raised to or put under a root: a group, or one token."""
        if self._peek() == "{":
            return self._group("{", "}", depth)
        if self._peek() == "-":
            self._take()
            return ("neg", self._argument(depth))
        return self._atom(depth, single=True)

    def _group(self, opening: str, closing: str, depth: int) -> Node:
        self._take(opening)
        node = self.sum(depth + 1)
        self._take(closing)
        return node

    def _atom(self, depth: int, *, single: bool = False) -> Node:
        token = self._take()
        if token[0].isdigit() or token[0] == ".":
            if single and len(token) > 1 and token.isdigit():
                # \frac12 is one half and x^23 is x squared times 3.
                self._tokens[self._index - 1 : self._index] = [token[0], token[1:]]
                token = token[0]
            return ("number", Fraction(token))
        for opening, closing in (("(", ")"), ("{", "}"), ("[", "]")):
            if token == opening:
                self._index -= 1
                return self._group(opening, closing, depth)
        if token == "|":
            node = self.sum(depth + 1)
            self._take("|")
            return ("abs", node)
        if token == "π":
            return ("pi",)
        if token == "∞":
            return ("infinity",)
        if token[0] == "\\":
            return self._command(token[1:], depth)
        if token in _FUNCTIONS:
            return self._function(token, depth)
        if token.isalpha() and (token.isascii() or token in _GREEK_LETTERS):
            return self._symbol(token)
        raise _Unreadable

    def _symbol(self, name: str) -> Node:
        if name == "e":
            return ("e",)
        if name == "i":
            return ("i",)
        if self._peek() == "_":
            self._take()
            below = self._take()
            if below == "{":
                below = ""
                while self._peek() != "}":
                    below += self._take()
                self._take("}")
            name = f"{name}_{below}"
        return ("symbol", name)

    def _command(self, name: str, depth: int) -> Node:
        if name in ("frac", "binom"):
            top, bottom = self._argument(depth), self._argument(depth)
            return ("/" if name == "frac" else "binom", top, bottom)
        if name == "sqrt":
            index: Node = ("number", Fraction(2))
            if self._peek() == "[":
                index = self._group("[", "]", depth)
            return ("root", self._argument(depth), index)
        if name in _FUNCTIONS:
            return self._function(name, depth)
        if name in _GREEK:
            return self._symbol(name)
        raise _Unreadable

    def _function(self, name: str, depth: int) -> Node:
        base: Node | None = None
        power: Node | None = None
        if self._peek() == "_" and name == "log":
            self._take()
            base = self._argument(depth)
        if self._peek() == "^":
            self._take()
            power = self._argument(depth)
        if name == "sqrt":
            return ("root", self._argument(depth), ("number", Fraction(2)))
        argument = self._group("(", ")", depth) if self._peek() == "(" else self._power(depth + 1)
        if depth > MAX_DEPTH:
            raise _Unreadable
        node: Node = (name, argument)
        if base is not None:
            node = ("/", ("ln", argument), ("ln", base))
        return node if power is None else ("^", node, power)


def _is_proper(node: Node) -> bool:
    value = _evaluate(node, {})
    return isinstance(value, Fraction) and 0 < value < 1


def _tokens(text: str) -> list[str]:
    """Numbers, commands with their backslash, names and signs; words are cut into the letters of a product."""
    found = []
    for token in _TOKEN.finditer(text):
        if token["number"]:
            found.append(token["number"])
        elif token["command"]:
            found.append("\\" + token["command"])
        elif token["word"]:
            word = token["word"]
            if word in _FUNCTIONS or len(word) == 1:
                found.append(word)
            elif word == "pi":
                found.append("π")
            elif len(word) == 2 and word.casefold() not in _SHORT_WORDS:
                found += list(word)
            else:
                raise _Unreadable
        elif token["sign"] and not token["sign"].isspace():
            found.append(token["sign"])
    return found


def _evaluate(node: Node, at: Mapping[str, complex]) -> Value:
    """The value of a formula where its symbols have these values: a fraction as long as it is one."""
    what = node[0]
    if what == "number":
        return node[1]  # type: ignore[return-value]
    if what == "symbol":
        return at[str(node[1])]
    if what in _CONSTANTS:
        return _CONSTANTS[str(what)]
    parts = [_evaluate(part, at) for part in node[1:] if isinstance(part, tuple)]
    if what in _EXACT:
        return _EXACT[str(what)](*parts)
    return _FUNCTIONS[str(what)](complex(parts[0]))


_CONSTANTS = {"pi": complex(math.pi), "e": complex(math.e), "i": 1j, "infinity": complex(math.inf)}


def _both(one: Value, other: Value, exact: Callable[[Fraction, Fraction], Fraction], near: Callable[[complex, complex], complex]) -> Value:
    if isinstance(one, Fraction) and isinstance(other, Fraction):
        return exact(one, other)
    if _is_infinite(complex(one)) or _is_infinite(complex(other)):
        return complex(near(complex(one).real, complex(other).real))
    return near(complex(one), complex(other))


def _raise(base: Value, power: Value) -> Value:
    if isinstance(base, Fraction) and isinstance(power, Fraction):
        if power.denominator == 1 and abs(power) <= MAX_POWER and base.numerator.bit_length() < 64 and (base or power >= 0):
            return base ** int(power)
        if power.denominator > 1 and base >= 0:
            return _root(_raise(base, Fraction(power.numerator)), Fraction(power.denominator))
    return complex(base) ** complex(power)


def _root(value: Value, index: Value) -> Value:
    if isinstance(value, Fraction) and isinstance(index, Fraction) and index.denominator == 1 and 0 < index < 20:
        sign = -1 if value < 0 and index % 2 else 1
        exact = [round(part ** (1 / int(index))) for part in (abs(value.numerator), value.denominator)] if value.numerator.bit_length() < 900 else [0, 1]
        if (value >= 0 or sign < 0) and exact[0] ** int(index) == abs(value.numerator) and exact[1] ** int(index) == value.denominator:
            return Fraction(sign * exact[0], exact[1])
        if sign < 0:
            return -(complex(abs(value)) ** (1 / complex(index)))
    return complex(value) ** (1 / complex(index))


def _factorial(value: Value) -> Value:
    if not isinstance(value, Fraction) or value.denominator != 1 or not 0 <= value <= 100:
        raise _Unreadable
    return Fraction(math.factorial(int(value)))


def _choose(top: Value, bottom: Value) -> Value:
    if not all(isinstance(part, Fraction) and part.denominator == 1 and 0 <= part <= 1000 for part in (top, bottom)):
        raise _Unreadable
    return Fraction(math.comb(int(top.real), int(bottom.real)))


_EXACT: Mapping[str, Callable[..., Value]] = {
    "+": lambda one, other: _both(one, other, lambda a, b: a + b, lambda a, b: a + b),
    "-": lambda one, other: _both(one, other, lambda a, b: a - b, lambda a, b: a - b),
    "*": lambda one, other: _both(one, other, lambda a, b: a * b, lambda a, b: a * b),
    "/": lambda one, other: _both(one, other, lambda a, b: a / b, lambda a, b: a / b),
    "neg": lambda one: -one if isinstance(one, Fraction) else complex(-one.real, -one.imag if one.imag else 0.0),
    "abs": lambda one: abs(one) if isinstance(one, Fraction) else complex(abs(one)),
    "^": _raise,
    "root": _root,
    "!": _factorial,
    "binom": _choose,
}


def side_values(text: str) -> list[Fraction | None]:
    """The exact value of each side of a chain of equations, None for a side that has none."""
    sides = []
    for side in plain_mathematics(text).split("="):
        form = read_form(side.strip()) if side.strip() else None
        exact = form is not None and form.shape == "number" and isinstance(form.values[0], Fraction)
        sides.append(form.values[0] if form is not None and exact else None)
    return sides  # type: ignore[return-value]


__all__ = ["Form", "equal_forms", "read_form", "side_values", "words_key"]
