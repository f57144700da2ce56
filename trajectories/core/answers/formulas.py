"""Reading formulas from LaTeX or plain signs.

Bounded in length, depth and powers, so that a dozen characters cannot keep anybody busy (9^{9^{9^9}}).
"""

import re
from fractions import Fraction

from trajectories.core.answers.evaluation import FUNCTIONS, Node, UnreadableError, evaluate, symbols_of

MAX_DEPTH = 12
_SIGNS = {"π": "pi", "∞": "infinity"}


_GREEK = frozenset(
    [
        "alpha",
        "beta",
        "gamma",
        "delta",
        "epsilon",
        "varepsilon",
        "zeta",
        "eta",
        "theta",
        "vartheta",
        "iota",
        "kappa",
        "lambda",
        "nu",
        "xi",
        "rho",
        "sigma",
        "tau",
        "phi",
        "varphi",
        "chi",
        "psi",
        "omega",
        "mu",
    ]
)
_GREEK_LETTERS = frozenset("αβγδεζηθικλμνξρστφχψω")
_SHORT_WORDS = frozenset(
    [
        "is",
        "of",
        "in",
        "to",
        "or",
        "no",
        "on",
        "at",
        "an",
        "as",
        "by",
        "we",
        "if",
        "it",
        "so",
        "up",
        "us",
        "he",
        "be",
        "do",
        "go",
        "my",
        "ok",
    ]
)
_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?|\.\d+)|\\(?P<command>[A-Za-z]+)|(?P<word>[A-Za-z]+)|(?P<sign>.))", re.DOTALL
)


def parse(text: str) -> Node:
    """The formula that a whole text is. Raises UnreadableError."""
    reader = _Reader(text)
    node = reader.sum(0)
    if not reader.at_end():
        raise UnreadableError
    return node


class _Reader:
    """Reads one formula: sums of products of powers, with multiplication that is not written."""

    def __init__(self, text: str) -> None:
        text = text.replace("×", "*").replace("·", "*").replace("÷", "/").replace("**", "^").replace("√", "\\sqrt")
        self._tokens = _tokens(text)
        self._index = 0

    def at_end(self) -> bool:
        return self._index >= len(self._tokens)

    def _peek(self) -> str:
        return "" if self.at_end() else self._tokens[self._index]

    def _take(self, wanted: str = "") -> str:
        token = self._peek()
        if not token or (wanted and token != wanted):
            raise UnreadableError
        self._index += 1
        return token

    def sum(self, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise UnreadableError
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
                node = (
                    ("+", node, other) if mixed and not symbols_of(other) and _is_proper(other) else ("*", node, other)
                )
            else:
                return node

    def _begins_atom(self) -> bool:
        token = self._peek()
        return (
            bool(token)
            and ((token[0].isascii() and token[0].isalnum()) or token[0] in "\\(.[π∞{" or token[0] in _GREEK_LETTERS)
            and token not in ("\\end",)
        )

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
        if token in _SIGNS:
            return (_SIGNS[token],)
        if token[0] == "\\":
            return self._command(token[1:], depth)
        if token in FUNCTIONS:
            return self._function(token, depth)
        if token.isalpha() and (token.isascii() or token in _GREEK_LETTERS):
            return self._symbol(token)
        raise UnreadableError

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
        if name in FUNCTIONS:
            return self._function(name, depth)
        if name in _GREEK:
            return self._symbol(name)
        raise UnreadableError

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
            raise UnreadableError
        node: Node = (name, argument)
        if base is not None:
            node = ("/", ("ln", argument), ("ln", base))
        return node if power is None else ("^", node, power)


def _is_proper(node: Node) -> bool:
    value = evaluate(node, {})
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
            if word in FUNCTIONS or len(word) == 1:
                found.append(word)
            elif word == "pi":
                found.append("π")
            elif len(word) == 2 and word.casefold() not in _SHORT_WORDS:
                found += list(word)
            else:
                raise UnreadableError
        elif token["sign"] and not token["sign"].isspace():
            found.append(token["sign"])
    return found
