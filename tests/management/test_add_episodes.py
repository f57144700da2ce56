import pytest
from django.core.management import CommandError, call_command

from trajectories.models import Problem, ProblemSet


def add(*words):
    call_command("add_episodes", *words)


def test_episodes_of_a_world_become_a_set(db, capsys):
    add("maze", "--episodes", "4", "--set", "size=5", "--seed", "2", "--title", "Small mazes")
    assert capsys.readouterr().out == "4 new, 0 known already in the set small-mazes\n"
    problem = Problem.objects.get(name="maze-2-3")
    assert (problem.kind, problem.spec["episode"], problem.spec["settings"]) == ("environment", 3, {"size": 5})
    assert problem.spec["changes"] == [{"episode": 50, "step": 0, "set": {"wall": "upright"}}]
    assert problem.reference is None
    add("maze", "--episodes", "4", "--set", "size=5", "--seed", "2", "--title", "Small mazes")
    assert capsys.readouterr().out.startswith("0 new, 4 known already")


def test_an_environment_of_gymnasium_is_named_as_it_is_registered(db):
    add("gymnasium:FrozenLake-v1", "--episodes", "2", "--set", "is_slippery=false", "--changes", "[]")
    assert Problem.objects.filter(spec__world="gymnasium:FrozenLake-v1").count() == 2


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["atlantis"], "Found the world 'atlantis'; expected one of maze"),
        (["maze", "--set", "size"], "--set: found 'size', expected NAME=VALUE."),
        (["maze", "--set", "size=1"], "Size: found 1, expected a whole number from 3 to 200."),
        (["maze", "--changes", "{"], "--changes: found no JSON"),
        (["maze", "--changes", "3"], "Changes: found 3, expected a list."),
        (["maze", "--episodes", "0"], "Episodes: found 0, expected 1 to 10,000."),
        (["maze", "--steps", "20000"], "Steps: found 20000, expected 1 to 10,000."),
        (["maze", "--title", "—"], "--title: found '—', expected one with letters or digits."),
    ],
)
def test_a_wrong_world_is_refused_and_changes_nothing(db, words, message):
    with pytest.raises(CommandError) as refused:
        add(*words)
    assert message in str(refused.value)
    assert not ProblemSet.objects.exists()
