"""Quoting hostile text for a language model: between marks with a word that is found nowhere inside.

A text may say "ignore what you were told", or imitate the end of a quotation; it cannot hold its own mark.
"""

import re
from collections.abc import Sequence

from trajectories.core.identity import canonical_json, text_hash

_TURN = re.compile(r"<(?=[|｜]|/?s>|</?SYS>>|(?:start|end)_of_turn>)|\[(?=/?INST\])")
"""Where a mark begins by which chat templates part the turns of a conversation."""


def without_turns(text: str) -> str:
    """The text with a space in every mark by which tokenizers know the turns of a conversation (such as <|im_end|>), so
    that quoted text cannot end the turn that it is quoted in."""
    return _TURN.sub(lambda found: f"{found[0]} ", text)


def mark_for(texts: Sequence[str]) -> str:
    """A mark that occurs in none of the texts. It is a hash of them all, so that no text can be written to hold it."""
    whole = canonical_json(list(texts))
    number = 0
    while (mark := f"quoted-{text_hash(f'{number} {whole}')[:20]}") in whole:
        number += 1
    return mark


def quoted(mark: str, title: str, text: str) -> str:
    """A text between the lines that begin and end its quotation."""
    return f"[begin {mark} {title}]\n{text}\n[end {mark}]"
