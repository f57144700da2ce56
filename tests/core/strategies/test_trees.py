"""Searches over steps: which nodes are gone on from, and what is said of the others."""

from collections.abc import Callable
from dataclasses import replace

from tests.core.strategies.situations import ended
from trajectories.core.strategies import STRATEGIES
from trajectories.core.strategies.base import AttemptKind, Ended, Situation, Slot, read_settings
from trajectories.core.strategies.trees import Tree, value_of

SLOTS = [Slot(1, 1.0, ordinal) for ordinal in range(40)]


def node(number: int, error: float | None, *, parent: int | None = None, of_round: int = 0, **values) -> Ended:
    share = 1.0 if error == 0 else 0.0
    fields = {"kind": AttemptKind.STEP, "parent": parent, "round": of_round, "train_share": share, **values}
    return ended(number, error, **fields)


def at(*nodes: Ended, slots: int = 40) -> Situation:
    return Situation(SLOTS[:slots], nodes, max(each.round for each in nodes), seed=5)


def parents(name: str, found: Situation, **settings: int) -> list[int | None]:
    strategy = STRATEGIES[name]
    return [each.parent for each in strategy.following(found, read_settings(strategy, settings))]


def play(name: str, error_of: Callable[[tuple[int, ...]], float | None], budget: int, **given: int) -> list[Ended]:
    """A whole game in which the score of a node is a function of the ordinals that lead to it."""
    strategy = STRATEGIES[name]
    settings = read_settings(strategy, given)
    found: list[Ended] = []
    paths: dict[int, tuple[int, ...]] = {}
    planned, number = list(strategy.first(SLOTS[:budget], settings)), 0
    while planned:
        for each in planned:
            path = (*(paths[each.parent] if each.parent else ()), each.slot.ordinal)
            error, key = error_of(path), len(found) + 1
            paths[key] = path
            found.append(node(key, error, parent=each.parent, of_round=number, slot=each.slot, kind=each.kind))
        situation = Situation(SLOTS[:budget], tuple(found), number, seed=5)
        planned, number = list(strategy.following(situation, settings)), number + 1
    return found


def test_a_score_is_the_mean_of_pairs_and_cells():
    assert value_of(node(1, 0.0)) == 1.0
    assert value_of(node(1, 0.5, train_share=0.5)) == 0.5
    assert value_of(node(1, None)) == 0.0


def test_a_beam_goes_on_from_the_best_and_says_why_not_from_the_others():
    found = at(node(1, 0.6), node(2, 0.2), node(3, 0.4), node(4, None))
    assert parents("beam", found, keep=2, expand=2) == [2, 3, 2, 3]
    reasons = STRATEGIES["beam"].pruned(found, read_settings(STRATEGIES["beam"], {"keep": 2, "expand": 2}))
    assert reasons == {
        1: "Pruned: place 3 of 4 with a score of 20%; the beam keeps 2.",
        4: "Pruned: place 4 of 4 with a score of 0%; the beam keeps 2.",
    }


def test_no_search_makes_more_nodes_than_the_budget_has_samples():
    for name, strategy in STRATEGIES.items():
        if strategy.steps:
            assert len(play(name, lambda path: 0.9 - 0.01 * len(path), 23)) <= 23, name


def test_every_search_finds_a_program_that_is_reached_by_ever_better_steps():
    """Ordinal 1 is right at each of three steps: the score rises with each, and only the whole path fits."""

    def error_of(path: tuple[int, ...]) -> float:
        good = next((place for place, ordinal in enumerate(path) if ordinal != 1), len(path))
        return 0.0 if good >= 3 else 0.9 - 0.3 * good + 0.01 * (len(path) - good)

    for name in ("beam", "dvts", "lookahead", "best-first", "mcts"):
        found = play(name, error_of, 40, **({"keep": 2} if name in ("beam", "lookahead") else {}))
        assert any(each.fits for each in found), name


def test_what_the_sampler_has_no_next_step_for_is_left_alone():
    spent = node(3, None, parent=2, of_round=1, trace=None)
    found = at(node(1, 0.6), node(2, 0.1), spent)
    tree = Tree(found)
    assert not tree.is_open(tree.nodes[2])
    assert set(parents("best-first", found)) == {1}


def test_each_of_the_independent_trees_goes_on_from_its_own_best():
    found = at(*(node(number, error) for number, error in enumerate([0.1, 0.2, 0.8, 0.9], 1)))
    assert parents("dvts", found, trees=2, expand=2) == [1, 3, 1, 3]


def test_lookahead_values_a_node_by_where_greedy_steps_lead():
    first = [node(1, 0.3), node(2, 0.5)]
    assert parents("lookahead", at(*first), keep=1, expand=2, ahead=1) == [1, 2]
    seen = [node(3, 0.4, parent=1, of_round=1), node(4, 0.1, parent=2, of_round=1)]
    assert parents("lookahead", at(*first, *seen), keep=1, expand=2, ahead=1) == [2]


def test_best_first_goes_back_to_an_earlier_node_where_the_newest_are_worse():
    found = at(node(1, 0.3), node(2, 0.4), node(3, 0.9, parent=1, of_round=1))
    assert parents("best-first", found, batch=1, expand=1) == [2]


def test_uct_looks_where_little_is_known_unless_it_is_told_not_to():
    nodes = [node(1, 0.4), node(2, 0.45), *(node(n, 0.4, parent=1, of_round=1) for n in range(3, 7))]
    found = at(*nodes)
    assert parents("mcts", found, leaves=1, explore=200, branch=5) == [2]
    assert parents("mcts", found, leaves=1, explore=0, branch=5) == [1]


def test_a_mix_grows_trees_only_where_the_whole_programs_do_not_fit():
    whole = [node(number, 0.5, kind=AttemptKind.FIRST) for number in range(1, 6)]
    planned = STRATEGIES["mixed"].following(at(*whole, slots=10), read_settings(STRATEGIES["mixed"], {}))
    assert [(each.kind, each.parent) for each in planned] == [(AttemptKind.STEP, None)] * 5
    assert not parents("mixed", at(node(1, 0.0, kind=AttemptKind.FIRST)))


def test_chains_split_the_budget_by_their_length():
    found = play("chains", lambda _: 0.5, 12, length=4)
    assert [each.round for each in found] == [0] * 3 + [1] * 3 + [2] * 3 + [3] * 3
    assert {each.parent for each in found if each.round == 2} == {each.trace for each in found if each.round == 1}


def whole(*errors: float | None, **values) -> list[Ended]:
    return [node(number, error, kind=AttemptKind.FIRST, **values) for number, error in enumerate(errors, 1)]


def test_the_first_samples_place_a_problem_and_the_rest_go_to_what_is_best_there():
    strategy = STRATEGIES["adaptive"]
    settings = read_settings(strategy, {"probe": 4, "hard_below": 10, "easy_from": 60, "keep": 2, "expand": 2})
    assert len(strategy.first(SLOTS, settings)) == 4

    easy = at(*whole(0.0, 0.0, 0.0, 0.5), slots=10)
    assert not strategy.following(easy, settings)
    told = "Left open: 75% of 4 first samples fit or agree, an easy problem; nothing more is drawn."
    assert strategy.pruned(easy, settings) == {4: told}

    middling = at(*whole(0.0, 0.5, 0.5, 0.5), slots=10)
    assert [(each.kind, each.slot) for each in strategy.following(middling, settings)] == [
        (AttemptKind.FIRST, slot) for slot in SLOTS[4:10]
    ]

    hard = at(*whole(0.5, 0.5, 0.5, 0.5), slots=10)
    assert [each.kind for each in strategy.following(hard, settings)] == [AttemptKind.STEP] * 4
    grown = at(*whole(0.5, 0.5, 0.5, 0.5), *(node(n, 0.1 * n, of_round=1) for n in range(5, 9)), slots=10)
    assert parents("adaptive", grown, probe=4, keep=2, expand=2) == [5, 6]
    assert strategy.pruned(grown, settings)[8].startswith("Pruned: place 4 of 4")


def test_without_programs_a_problem_is_placed_by_how_far_its_answers_agree():
    strategy = STRATEGIES["adaptive-model"]
    settings = read_settings(strategy, {"probe": 4, "hard_below": 40, "easy_from": 75})

    def kinds(*answers: str) -> set[AttemptKind]:
        said = [node(n, None, kind=AttemptKind.FIRST, answer=answer) for n, answer in enumerate(answers, 1)]
        return {each.kind for each in strategy.following(at(*said, slots=9), settings)}

    assert kinds("x", "x", "x", "y") == set(), "easy: nothing more"
    assert kinds("x", "x", "y", "z") == {AttemptKind.FIRST}, "middling: more samples"
    assert kinds("x", "y", "z", "") == {AttemptKind.REVISION}, "hard: revisions"


def test_a_longer_search_is_for_problems_whose_fitting_programs_are_none_or_disagree():
    strategy = STRATEGIES["adaptive-search"]
    settings = read_settings(strategy, {"probe": 4, "agree": 60, "short": 6, "long": 50})
    assert [each.slot for each in strategy.first(SLOTS, settings)] == list(SLOTS[:4])

    def after(*given: tuple[float, str]) -> Situation:
        first = [
            node(number, error, kind=AttemptKind.FIRST, answer=answer)
            for number, (error, answer) in enumerate(given, 1)
        ]
        return at(*first, slots=10)

    agreed = after((0.0, "x"), (0.0, "x"), (0.0, "y"), (0.5, "z"))
    assert not strategy.following(agreed, settings)
    told = "Left open: 67% of 3 programs that fit give one answer; nothing more is searched for."
    assert strategy.pruned(agreed, settings) == {4: told}
    for found in (after((0.0, "x"), (0.0, "y"), (0.5, "x"), (0.5, "x")), after((0.5, "x"), (0.5, "x"))):
        assert [each.slot for each in strategy.following(found, settings)] == list(SLOTS[len(found.ended) : 10])
        assert strategy.pruned(found, settings) == {}


def test_a_longer_search_is_drawn_from_as_if_it_were_the_first():
    strategy = STRATEGIES["adaptive-search"]
    settings = read_settings(strategy, {"probe": 4, "short": 6, "long": 50})
    slots = [Slot(view, 1.0, ordinal) for ordinal in range(4) for view in (1, 2, 3)]
    short = [strategy.effort(slots, slot, 0, settings) for slot in slots[:4]]
    assert [(each.share, each.ordinal) for each in short] == [(0.06, 0), (0.06, 0), (0.06, 0), (0.06, 1)]
    long = {view: [] for view in (1, 2, 3)}
    for slot in slots[4:]:
        found = strategy.effort(slots, slot, 1, settings)
        assert found.share == 0.5
        long[slot.instruction].append(found.ordinal)
    assert long == {1: [0, 1], 2: [0, 1, 2], 3: [0, 1, 2]}


def text(number: int, worth: float, *, parent: int | None = None, of_round: int = 0, goes_on: bool = True) -> Ended:
    """A step of a text that was scored; at its end it goes on no more."""
    return node(number, None, parent=parent, of_round=of_round, worth=worth, goes_on=goes_on)


def texts(*nodes: Ended, slots: int = 40) -> Situation:
    return replace(at(*nodes, slots=slots), of_text=True)


def kinds(name: str, found: Situation, **settings: int) -> list[tuple[int | None, AttemptKind]]:
    strategy = STRATEGIES[name]
    return [(each.parent, each.kind) for each in strategy.following(found, read_settings(strategy, settings))]


def test_texts_are_gone_on_from_by_what_scored_them_and_asked_to_their_ends():
    first = texts(text(1, 0.2), text(2, 0.9), text(3, 0.6))
    step, rest = AttemptKind.STEP, AttemptKind.REST
    assert kinds("beam", first, keep=2, expand=1) == [(2, step), (3, step)]
    assert kinds("beam", first, keep=2, expand=1, depth=2) == [(2, rest), (3, rest)], "the last step goes to the end"
    assert kinds("beam", replace(first, slots=SLOTS[:5]), keep=2, expand=4) == [(2, rest), (3, rest)], "so the budget"
    assert kinds("best-first", first, batch=1, expand=2) == [(2, step), (2, step)]
    assert kinds("mcts", first, leaves=1, explore=0) == [(2, step)]
    reasons = STRATEGIES["beam"].pruned(first, read_settings(STRATEGIES["beam"], {"keep": 2}))
    assert reasons == {1: "Pruned: place 3 of 3 with a score of 20%; the beam keeps 2."}


def test_a_text_at_its_end_has_its_place_in_the_beam_and_is_never_pruned():
    found = texts(text(1, 0.2, goes_on=False), text(2, 0.9, goes_on=False), text(3, 0.6), text(4, 0.5))
    assert kinds("beam", found, keep=2, expand=1) == [(3, AttemptKind.STEP)]
    reasons = STRATEGIES["beam"].pruned(found, read_settings(STRATEGIES["beam"], {"keep": 2}))
    assert reasons.keys() == {4}
    done = texts(text(1, 0.2, goes_on=False), text(2, 0.9, goes_on=False), text(3, 0.1))
    assert kinds("beam", done, keep=2, expand=1) == []
    # A call that failed says nothing of the text; none that came says that there is no more of it.
    failed = [node(8, None, parent=3, of_round=1, trace=None), node(9, None, parent=3, of_round=1, trace=None)]
    tree = Tree(texts(text(3, 0.6), *failed))
    assert not tree.is_open(tree.nodes[3])
    tree = Tree(texts(text(3, 0.6), failed[0], text(9, 0.4, parent=3, of_round=1)))
    assert tree.is_open(tree.nodes[3])
