from datetime import timedelta

import pytest
from django.utils import timezone

from trajectories.models import Submission
from trajectories.services.submissions import REMEMBERED, make_once
from trajectories.tasks.submissions import sweep_submissions


@pytest.mark.django_db
def test_old_submissions_are_forgotten_and_new_ones_kept():
    make_once("old", lambda: "/runs/1/")
    make_once("new", lambda: "/runs/2/")
    past = timezone.now() - REMEMBERED - timedelta(minutes=1)
    Submission.objects.filter(digest="old").update(created_at=past)
    sweep_submissions()
    assert [submission.digest for submission in Submission.objects.all()] == ["new"]
