"""Reading answers: where a text states one, and what a statement means as a number, as mathematics, a choice or a text.

Everything here is pure, total and bounded. A statement that could mean two things is no answer, and what stands behind
a number is never dropped: it is a unit, a noun, a number word that counts, or the statement is no number.
"""

RULE_SET = 6
"""The version of the rules by which answers are found and read. It goes up whenever a text may be read differently.

1 was what stood in `core.verifiers` before; its findings carry no version.
"""
