"""Learned scorers: what they see, how they are fitted, measured and stored."""

import json

import numpy as np
import pytest
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score

from trajectories.core.faults import Fault
from trajectories.core.scorers import fitting
from trajectories.core.scorers.features import Seen, count_words, number_titles, step_examples, trace_example
from trajectories.core.scorers.fitting import Lessons, fit
from trajectories.core.scorers.metrics import auc, auc_within, measure, reliability
from trajectories.core.scorers.stored import read_scorer


def lessons(problems=24, each=6, *, telling=1.0, words=False, seed=0):
    """Traces of which the number of steps tells by `telling` whether they are right; with `words` their text does."""
    random = np.random.default_rng(seed)
    examples, right, groups = [], [], []
    for problem in range(problems):
        for _ in range(each):
            is_right = bool(random.random() < 0.4)
            count = int(random.integers(1, 8) + telling * 8 * is_right)
            text = ("therefore " if is_right else "perhaps ") if words else "so "
            steps = [{"kind": "text", "body": "x"}] * count
            examples.append(trace_example(Seen(text=text * int(random.integers(1, 9)), steps=steps), votes=False))
            right.append(is_right)
            groups.append(problem)
    return Lessons(examples, np.array(right), np.array(groups))


def fitted(given, **values):
    names = list(number_titles("outcome", votes=False))
    return fit(given, kind="outcome", votes=False, names=names, seed=1, tell=lambda *_: None, **values)


def test_numbers_have_a_title_each_and_say_what_is_unknown():
    seen = Seen(
        text="a b",
        program="x = 1\nx = 2",
        steps=[{"kind": "backtrack", "body": "Wait"}, {"kind": "tool_call", "body": "run"}],
        finish_reason="length", output_tokens=10, reasoning_tokens=4, answered=False, fits=0.5, votes=0.25,
    )  # fmt: skip
    for votes in (False, True):
        titles = number_titles("outcome", votes=votes)
        numbers = dict(zip(titles, trace_example(seen, votes=votes).numbers, strict=True))
        assert ("votes" in numbers) is votes
    assert numbers["backtracks"] == numbers["tool_calls"] == np.log(2)
    assert (numbers["stopped"], numbers["answered"], numbers["fits"], numbers["votes"]) == (0, 0, 0.5, 0.25)
    assert numbers["thought_share"] == 0.4
    assert np.isnan(numbers["closeness"])
    assert np.isnan(numbers["certainty"])


def test_steps_know_their_place_their_kind_and_what_was_said_before():
    steps = [{"kind": "text", "body": "Add  2"}, {"kind": "answer", "body": "add 2", "part": 0}]
    titles = number_titles("process", votes=False)
    first, last = (dict(zip(titles, each.numbers, strict=True)) for each in step_examples(Seen(text="", steps=steps)))
    assert (first["before"], first["repeated"], first["thought"], first["is_text"]) == (0, 0, 0, 1)
    assert (last["before"], last["repeated"], last["thought"], last["is_answer"]) == (pytest.approx(np.log(2)), 1, 1, 1)
    # What comes after a step changes nothing of it, so that a text can be scored while it grows.
    assert step_examples(Seen(text="", steps=steps[:1]))[0].numbers == tuple(first.values())
    # Scorers that were trained before look at the whole trace, and still get what they look at.
    assert [each.numbers for each in step_examples(Seen(text="", steps=steps), ("place", "steps"))] == [
        (0, pytest.approx(np.log(3))), (1, pytest.approx(np.log(3))),
    ]  # fmt: skip


def test_words_are_counted_alike_everywhere_and_have_length_one():
    buckets, weights = count_words("Two words. Two WORDS!")
    assert np.linalg.norm(weights) == pytest.approx(1)
    assert list(buckets) == sorted(set(buckets))
    # The buckets are part of what is stored with a scorer: they never change without another version.
    assert count_words("two")[0].tolist() == [2662]
    assert count_words("")[0].size == 0


def test_metrics_agree_with_the_library_and_with_counting():
    random = np.random.default_rng(3)
    scores = np.round(random.random(400), 2)
    right = random.random(400) < scores**2
    groups = random.integers(0, 40, 400)
    quality = measure(scores, right, groups)
    assert quality.auc == pytest.approx(roc_auc_score(right, scores))
    assert quality.brier == pytest.approx(brier_score_loss(right, scores))
    assert quality.log_loss == pytest.approx(log_loss(right, np.clip(scores, 1e-6, 1 - 1e-6)))
    assert quality.auc_low < quality.auc < quality.auc_high
    won = pairs = 0.0
    for one in range(400):
        for other in range(400):
            if groups[one] == groups[other] and right[one] and not right[other]:
                pairs += 1
                won += 1.0 if scores[one] > scores[other] else 0.5 if scores[one] == scores[other] else 0.0
    assert quality.auc_within == pytest.approx(won / pairs)
    assert sum(each.count for each in quality.bins) == 400
    assert type(quality).from_json(json.loads(json.dumps(quality.as_json()))) == quality


def test_what_cannot_be_compared_is_none():
    alike = np.array([0.2, 0.4])
    assert auc(alike, np.array([True, True])) is None
    assert auc_within(alike, np.array([True, False]), np.array([1, 2])) is None
    assert measure(np.zeros(0), np.zeros(0, bool), np.zeros(0, int)) is None
    same = reliability(np.full(30, 0.5), np.arange(30) < 15)
    assert [(each.score, each.right, each.count) for each in same] == [(0.5, 0.5, 30)]


@pytest.mark.parametrize("method", fitting.METHODS)
def test_a_stored_model_says_what_the_library_says(method, monkeypatch):
    given = lessons(words=True)
    monkeypatch.setattr(fitting, "METHODS", {method: ""})
    found = fitted(given)
    again = read_scorer(json.loads(found.scorer.to_text()))
    assert again.to_text() == found.scorer.to_text()
    assert set(found.methods) == {method}
    for problem in (0, 7, 99):
        expected = found.scorer.score(problem, given.examples)
        assert np.allclose(again.score(problem, given.examples), expected, atol=1e-12)
    if method == fitting.TREES:
        model = fitting._fit_method(method, given, 1)
        numbers = np.array([each.numbers for each in given.examples])
        filled = np.where(np.isnan(numbers), model.fill, numbers)
        theirs = GradientBoostingClassifier(
            n_estimators=100, max_depth=3, learning_rate=0.1, subsample=0.8, random_state=1
        ).fit(filled, given.right)
        assert np.allclose(model.odds(given.examples), theirs.decision_function(filled))


def test_what_is_learnt_is_measured_on_problems_that_were_not_learnt_from():
    given = lessons(telling=0.5)
    found = fitted(given)
    quality = measure(found.scores, given.right, given.problems)
    assert quality.auc > 0.85
    assert found.telling[0].name == "steps"
    assert found.telling[0].alone > 0.85
    for number, problem in enumerate(given.problems.tolist()):
        model = found.scorer.models[found.scorer.folds[problem]]
        assert model.score([given.examples[number]])[0] == pytest.approx(found.scores[number])
    # Labels by lot teach nothing: a measure on what was fitted would be far above one half.
    random = np.random.default_rng(5)
    luck = Lessons(given.examples, random.random(len(given.right)) < 0.5, given.problems)
    told = measure(fitted(luck).scores, luck.right, luck.problems)
    assert 0.3 < told.auc < 0.65
    assert told.log_loss < 0.9


def test_enough_examples_are_calibrated_by_a_rising_line(monkeypatch):
    given = lessons()
    odds = np.random.default_rng(1).normal(size=len(given.right))
    monkeypatch.setattr(fitting, "ISOTONIC_FROM", 10)
    shape, xs, ys = fitting._curve(odds, given.right)
    assert shape == "isotonic"
    line = IsotonicRegression(y_min=1e-6, y_max=1 - 1e-6, out_of_bounds="clip").fit(odds, given.right.astype(float))
    between = np.linspace(-4, 4, 50)
    assert np.allclose(fitting.calibrated((shape, xs, ys), between), line.predict(between))


def test_too_little_to_learn_from_is_refused_with_what_there_is():
    given = lessons(problems=4)
    with pytest.raises(Fault, match=r"right ones of 4 problems .* expected at least 20 right and 20 wrong ones"):
        fitted(given)
    one_sided = Lessons(given.examples, np.ones(len(given.right), bool), np.arange(len(given.right)))
    with pytest.raises(Fault, match="0 wrong ones of 0"):
        fitted(one_sided)


def test_files_that_are_no_scorer_are_refused():
    whole = json.loads(fitted(lessons()).scorer.to_text())
    model = whole["models"][0]
    tree = {"feature": [0], "threshold": [0.5], "left": [0], "right": [0], "value": [1.0]}
    for wrong in (
        None,
        [],
        {},
        {**whole, "features": 99},
        {**whole, "kind": "other"},
        {**whole, "models": []},
        {**whole, "folds": {"1": 9}},
        {**whole, "models": [{**model, "weights": [1.0]}]},
        {**whole, "models": [{**model, "words": [1.0]}]},
        {**whole, "models": [{**model, "trees": [tree]}]},
        {**whole, "models": [{**model, "curve": ["other", [1], [1]]}]},
    ):
        with pytest.raises(Fault, match=r"Found a (scorer|file)"):
            read_scorer(wrong)
