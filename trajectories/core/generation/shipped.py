"""The briefs that come with the application, and the lists they draw from."""

from dataclasses import dataclass

WORDS: tuple[str, ...] = (
    *("anchor", "apple", "attic", "balloon", "barrel", "basket", "bicycle", "blanket", "bottle", "bridge", "bucket"),
    *("button", "cabin", "camera", "candle", "carpet", "castle", "ceiling", "circus", "clock", "cloud", "compass"),
    *("corner", "cousin", "desert", "diary", "dragon", "drawer", "engine", "farmer", "feather", "fence", "festival"),
    *("forest", "fountain", "garden", "ginger", "glacier", "guitar", "hammer", "harbour", "helmet", "honey", "hotel"),
    *("island", "jacket", "kettle", "kitchen", "ladder", "lantern", "lemon", "library", "lighthouse", "lizard", "map"),
    *("market", "meadow", "mirror", "mountain", "museum", "needle", "notebook", "orchard", "orchestra", "oven", "owl"),
    *("parcel", "parrot", "pebble", "pencil", "picnic", "pillow", "planet", "pocket", "quilt", "rabbit", "railway"),
    *("recipe", "ribbon", "river", "rocket", "saddle", "sailor", "shadow", "shovel", "spider", "station", "stove"),
    *("suitcase", "teacher", "tent", "theatre", "thunder", "ticket", "tower", "tractor", "tunnel", "umbrella"),
    *("valley", "village", "violin", "volcano", "wagon", "wallet", "waterfall", "whistle", "window", "wool", "zebra"),
)
NUMERIC_FEATURES: tuple[str, ...] = (
    "needs two steps",
    "needs at least four steps",
    "states a number that is not needed",
    "has a unit to convert",
    "has a percentage",
    "has a fraction",
    "has a ratio",
    "gives a total and asks for a part",
    "compares two people or things",
    "has something that changes over time",
    "works backwards from the result",
    "has a rate, such as speed or price per piece",
    "has a rule with an exception",
    "asks for a count of possibilities",
)
CHOICE_FEATURES: tuple[str, ...] = (
    "every wrong choice is what a common mistake leads to",
    "asks which statement does not follow",
    "asks for a cause",
    "asks what happens next",
    "asks about a quantity",
    "has an everyday setting",
    "has a scientific setting",
    "needs two facts to be put together",
)
TEXT_FEATURES: tuple[str, ...] = (
    "asks who or what",
    "asks for an order of things",
    "needs a chain of two deductions",
    "has a sentence that is not needed",
    "asks for a word by its description",
    "describes places and directions",
)


def _paragraphs(text: str) -> str:
    """The text with each paragraph on one line: models are sent no line breaks that only this file needs."""
    return "\n\n".join(" ".join(part.split("\n")) for part in text.split("\n\n"))


_CONSTRAINED = _paragraphs("""Write {count} new {target}.

{words}

{features}

Every problem stands by itself, says all that is needed to solve it, and has exactly one right answer. Make the problems
differ from one another in setting, numbers and what has to be done; do not write well-known ones.

{format}""")

_VARIANTS = _paragraphs("""Here is a problem:

{source}

Write {count} new {target} that call for the same kind of reasoning as this one but differ from it and from one another:
other people and things, other numbers, another question at the end. Each stands by itself and has exactly one right
answer.

{words}

{features}

{format}""")

_HARDER = _paragraphs("""Here is a problem:

{source}

Write {count} new {target} that build on the same idea but are harder: one step more, a condition more, or a quantity
that has to be worked out first. Each stands by itself, differs from the others, and has exactly one right answer.

{words}

{features}

{format}""")


@dataclass(frozen=True, slots=True)
class ShippedBrief:
    """A brief with what lists say of it; `kind` is "" where it fits every kind that can be written."""

    name: str
    title: str
    generator: str
    kind: str
    template: str
    words: tuple[str, ...] = ()
    features: tuple[str, ...] = ()


SHIPPED: tuple[ShippedBrief, ...] = (
    ShippedBrief("word-problems", "Word problems", "constrained", "numeric", _CONSTRAINED, WORDS, NUMERIC_FEATURES),
    ShippedBrief("choice-questions", "Choice questions", "constrained", "choice", _CONSTRAINED, WORDS, CHOICE_FEATURES),
    ShippedBrief("short-answers", "Short answers", "constrained", "text", _CONSTRAINED, WORDS, TEXT_FEATURES),
    ShippedBrief("variants", "Variants of a problem", "variants", "", _VARIANTS, WORDS, ()),
    ShippedBrief("harder-variants", "Harder variants of a problem", "variants", "", _HARDER, WORDS, ()),
)
