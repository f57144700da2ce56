"""Final decisions and voids stay what they were, whoever writes to the database."""

import uuid

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from tests import factories
from trajectories.models import Adjudication, ReviewVoid


@pytest.fixture
def rows(lead):
    trace = factories.make_trace()
    return (
        Adjudication.objects.create(trace=trace, adjudicator=lead, decision="accept", key=uuid.uuid4()),
        ReviewVoid.objects.create(reviewer=lead, actor=lead, since=timezone.now(), key=uuid.uuid4()),
    )


def test_neither_is_ever_changed_or_deleted(rows):
    for row in rows:
        table = type(row).objects.filter(pk=row.pk)
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            table.update(key=uuid.uuid4())
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            table._raw_delete(table.db)
