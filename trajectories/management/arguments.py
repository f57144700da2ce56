"""Kinds of arguments that several commands take."""

from argparse import ArgumentTypeError

from trajectories.core.text.titles import title_fault


def title(text: str) -> str:
    """A title, as `type=title`: a refusal is one sentence, as of a form."""
    if fault := title_fault(text):
        raise ArgumentTypeError(fault)
    return text
