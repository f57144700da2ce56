"""Forms of the review queue: deciding, changing, and which candidates."""

import uuid

from django import forms
from django.http import QueryDict

from trajectories.core.generation.reading import MAX_STATEMENT
from trajectories.forms.plain import PlainForm
from trajectories.models import ProblemCandidate
from trajectories.selectors.candidates import CandidateScope
from trajectories.services.generation.candidates import COMMENT_CHARACTERS, REJECTION_REASONS, Change

LONGEST_KEY = 18
MAX_CHOICES_TEXT = 20_000
ANSWER_CHARACTERS = 2_000


def read_candidate_scope(data: QueryDict) -> CandidateScope:
    """The scope in an address; what makes no sense counts for nothing."""
    job, state = data.get("job", ""), data.get("state", "")
    return CandidateScope(
        job=int(job) if job.isascii() and job.isdigit() and len(job) <= LONGEST_KEY else None,
        state=state if state in ProblemCandidate.State.values else "",
        query=data.get("q", "").replace("\0", "").strip()[:200],
    )


class KeyForm(PlainForm):
    """A form that may be sent twice and counts once."""

    key = forms.UUIDField(initial=uuid.uuid4, widget=forms.HiddenInput)


class LeaseForm(PlainForm):
    """Which lease a page holds."""

    lease = forms.UUIDField(widget=forms.HiddenInput)


class DecisionForm(KeyForm, LeaseForm):
    """Accept, or reject with a reason; the fields are called as those of a trace's decision."""

    decision = forms.ChoiceField(
        choices=[("accept", "Accept"), ("reject", "Reject")],
        widget=forms.RadioSelect,
        error_messages={"required": "Found nothing, expected a word: press a to accept, x to reject."},
    )
    reason = forms.ChoiceField(required=False, choices=list(REJECTION_REASONS.items()), widget=forms.RadioSelect)
    comment = forms.CharField(
        required=False, max_length=COMMENT_CHARACTERS, widget=forms.Textarea(attrs={"rows": 2, "data-key": "c"})
    )

    def reasons(self) -> list[tuple[str, str, str]]:
        """(key, code, title) of every reason for rejection."""
        return [(str(number), code, title) for number, (code, title) in enumerate(REJECTION_REASONS.items(), 1)]


class ChangeForm(KeyForm, LeaseForm):
    """A candidate's text as a reviewer wants it; choices stand one to a line."""

    statement = forms.CharField(
        label="Question",
        max_length=MAX_STATEMENT,
        widget=forms.Textarea(attrs={"rows": 6, "data-key-quiet": ""}),
    )
    choices = forms.CharField(
        required=False,
        max_length=MAX_CHOICES_TEXT,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="One to a line.",
    )
    answer = forms.CharField(
        required=False,
        max_length=ANSWER_CHARACTERS,
        help_text="Of a choice, its letter. From now on it is your word.",
    )

    @property
    def change(self) -> Change:
        """What the form says. Only after validation."""
        data = self.cleaned_data
        lines = [line.strip() for line in data["choices"].splitlines() if line.strip()]
        # Browsers send lines ended by CR LF.
        return Change(data["statement"].replace("\r\n", "\n"), tuple(lines), data["answer"])


def change_values(candidate: ProblemCandidate, token: uuid.UUID | None) -> dict[str, object]:
    """What the change form begins with; `token` is that of the reviewer's lease."""
    answer = candidate.reference
    return {
        "statement": candidate.statement,
        "choices": "\n".join(map(str, candidate.spec.get("choices") or ())),
        "answer": "" if answer is None else str(answer),
        "lease": token,
    }
