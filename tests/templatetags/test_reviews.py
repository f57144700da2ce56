import pytest
from django.contrib.auth.models import AnonymousUser, User

from trajectories.templatetags.reviews import people


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["carl"], "carl"),
        (["lena"], "you"),
        (["lena", "carl"], "carl and you"),
        (["carl", "lena", "zoe"], "carl, zoe and you"),
        ([], "nobody"),
    ],
)
def test_people_are_named_and_the_reader_comes_last(names, words):
    assert people(names, User(username="lena")) == words


def test_to_nobody_in_particular_everybody_is_somebody_else():
    assert people(["carl", "lena"], AnonymousUser()) == "carl and lena"
