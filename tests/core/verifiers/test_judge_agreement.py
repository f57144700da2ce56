import pytest

from trajectories.core.verifiers.judge_agreement import JudgeAgreement


@pytest.mark.parametrize(
    ("counts", "kappa"),
    [
        ((20, 5, 10, 15), 0.4),  # Cohen 1960, as worked through in most textbooks
        ((10, 0, 0, 10), 1.0),
        ((0, 10, 10, 0), -1.0),
        ((25, 25, 25, 25), 0.0),
    ],
)
def test_kappa_is_agreement_beyond_chance(counts, kappa):
    assert JudgeAgreement(*counts).kappa == pytest.approx(kappa)


@pytest.mark.parametrize(
    "counts", [(0, 0, 0, 0), (9, 0, 1, 0), (9, 1, 0, 0), (10, 0, 0, 0), (0, 0, 0, 10), (0, 3, 0, 7)]
)
def test_kappa_is_undefined_where_one_side_says_the_same_of_all(counts):
    assert JudgeAgreement(*counts).kappa is None
