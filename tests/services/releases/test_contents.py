"""Items that the database writes itself are those that would be written field by field, to the last sign."""

import uuid
from itertools import count

import pytest

from tests import factories
from trajectories.core.releases.items import item_hash
from trajectories.core.releases.rules import Reviews, Rule
from trajectories.models import Adjudication
from trajectories.selectors import release_contents
from trajectories.services.releases.freezing import freeze_accepted

pytestmark = pytest.mark.django_db
COMMENTS = (
    *(
        "",
        'Says "no"',
        "a\\b\\n",
        "\x01 \x08\t\n\x0b\x0c\r\x1f\x7f",
        "\u2028 ü 😀 \ud7ff",
        "</script>",
        "{MARK} %s {0}",
        "x" * 9_000,
    ),
)
SCORES = (None, 1, 2, 3, 4, 5)


def many_sided(reviewers):
    """Accepted traces with reviews and verdicts of every sort, of which some are known by more than these."""
    places, traces = count(), []
    for split in ("train", "eval"):
        problem = factories.make_problem(content_hash=hash_of(split), split=split)
        for comment in COMMENTS:
            place = next(places)
            trace = factories.make_trace(problem=problem, decision="accepted")
            traces.append(trace)
            for turn, reviewer in enumerate(reviewers[place % 3 :]):
                factories.make_review(
                    trace=trace,
                    reviewer=reviewer,
                    decision="accept" if turn < 2 else "reject",
                    score=SCORES[(place + 2 * turn) % len(SCORES)],
                    reason="other" if place % 2 else "",
                    comment=comment,
                    step_labels={"1": "good", "0": "bad"} if place == 3 and turn == 0 else {},
                    segmentation="sentences" if place == 4 and turn == 0 else "",
                )
            for version in range(1, 1 + place % 3):
                factories.make_verdict(trace=trace, version=version, outcome="fail")
            if place % 2:
                factories.make_verdict(trace=trace, verifier='od"d\\', version=12, outcome="unscored", score=None)
    before = traces[0].reviews.get(reviewer=reviewers[1])
    factories.make_review(trace=traces[0], reviewer=reviewers[1], score=1, comment="changed", supersedes=before)
    taken = factories.make_review(trace=traces[1], reviewer=reviewers[0], score=5)
    factories.make_review(trace=traces[1], reviewer=reviewers[0], decision="withdraw", supersedes=taken)
    Adjudication.objects.create(
        trace=traces[5], adjudicator=reviewers[-1], decision="accept", comment="final", key=uuid.uuid4()
    )


def hash_of(word):
    return word.encode().hex().ljust(64, "0")


def frozen(lead, validation):
    rule = Rule(reviews=Reviews(accepted_by=1), validation=validation)
    release = freeze_accepted(actor=lead, title="One", rule=rule, key=uuid.uuid4())
    columns = ("position", "trace_id", "split", "score", "evidence", "content_hash")
    return release.manifest, list(release.items.order_by("position").values_list(*columns))


@pytest.mark.parametrize("validation", [None, 60])
def test_the_database_writes_what_is_written_field_by_field(validation, curator, engineer, lead, monkeypatch):
    many_sided([curator, engineer, lead])
    hashed = []
    monkeypatch.setattr(
        "trajectories.services.releases.contents.item_hash",
        lambda **known: hashed.append(known["trace"]) or item_hash(**known),
    )
    quick = frozen(lead, validation)
    assert len(hashed) == 3, "labels, labels of other steps, and a final decision"
    monkeypatch.setattr(release_contents, "_PLAIN", f"{release_contents._PLAIN} LIMIT 0")
    assert frozen(lead, validation) == quick
    assert len(hashed) == 3 + len(quick[1])
    assert len(quick[1]) == 2 * len(COMMENTS)
