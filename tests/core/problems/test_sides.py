"""Which side the name of a file speaks of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trajectories.core.problems.sides import EVAL_WORDS, EVERYDAY_WORDS, TRAIN_WORDS, said_side

EVAL = [
    *("test.jsonl", "validation.jsonl", "dev.jsonl", "val.csv", "valid.csv", "heldout.jsonl", "held-out.jsonl"),
    *("hold_out.csv", "Evaluation.jsonl", "eval.json", "challenges.json", "test", "TEST.JSONL"),
    *("data/test-00000.jsonl", "test-00000-of-00001.jsonl", "contest_test.jsonl", "gsm8k.test.jsonl", "test2024.csv"),
    *("gsm8kTest.jsonl", "TestSet.jsonl", "mathTEST.csv", "testset.jsonl", "train_test.jsonl", "train/test.jsonl"),
    *("arc-agi_test_challenges.json", "arc-agi_evaluation_challenges.json", "x.zip/ARC-AGI/Evaluation/a.json"),
    *("MATH/test/algebra/17.json", "gsm8k_test/a.json", "public_eval/a.json", "test_data/a.json", "dev-set/a.jsonl"),
    *("data/evaluation/deep/down/below/a.json", "C:\\data\\test\\a.json", "test/./a.json", "essai/prétest_test.csv"),
]
TRAIN = [
    *("train.jsonl", "training.jsonl", "TRAIN.csv", "arc-agi_training_challenges.json", "train-00000-of-00003.jsonl"),
    *("data/training/a.json", "evaluation/train.jsonl", "/home/me/dev/gsm8k/train.jsonl", "TrainSet.csv"),
]
SILENT = [
    *("latest.jsonl", "contest.jsonl", "attest.csv", "protest.jsonl", "medieval/a.json", "evaluated/a.json", ""),
    *("developer.jsonl", "device.csv", "valid8.d/values.jsonl", "interval.jsonl", "trainer.csv", "constraints.jsonl"),
    *(
        "/tmp/test_of_mine/a.json",
        "testing_grounds/a.json",
        "/home/me/dev/sums/more/a.jsonl",
        "challenge.csv",
        "ÉVAL.csv",
    ),
]


@pytest.mark.parametrize(
    ("path", "side"),
    [*((path, "eval") for path in EVAL), *((path, "train") for path in TRAIN), *((path, None) for path in SILENT)],
)
def test_what_a_path_says(path, side):
    assert said_side(path) == side


@given(st.text(), st.sampled_from(sorted(EVAL_WORDS | EVERYDAY_WORDS - {"challenges"})), st.text())
def test_a_file_with_such_a_word_is_never_of_the_training_side(before, word, after):
    before, after = before.replace("/", "").replace("\\", ""), after.replace("/", "").replace("\\", "")
    assert said_side(f"{before}_{word}_{after}.jsonl") == "eval"
    assert said_side(f"training/{before}-{word}-{after}.jsonl") == "eval"


@given(st.sampled_from(sorted(EVAL_WORDS | EVERYDAY_WORDS | TRAIN_WORDS)), st.sampled_from("bcfghjkmpqwxz"))
def test_a_word_inside_another_says_nothing(word, letter):
    assert said_side(f"{letter}{word}{letter}.jsonl") is None
