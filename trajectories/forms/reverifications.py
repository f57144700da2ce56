"""Asking for traces to be verified again."""

from django import forms

from trajectories.core.verifiers import VERIFIERS, consensus
from trajectories.forms.plain import PlainForm


def verifier_choices() -> list[tuple[str, str]]:
    """Every verifier with its present version."""
    verified = [(name, f"{verifier.title}, version {verifier.version}") for name, verifier in VERIFIERS.items()]
    return [
        *verified,
        (consensus.NAME, f"Majority of the problem's samples, version {consensus.VERSION}"),
    ]


class ReverificationForm(PlainForm):
    """Which verifiers verify again; the selection of traces is in the address, as on the trace list."""

    verifiers = forms.MultipleChoiceField(
        choices=verifier_choices,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one verifier."},
    )
