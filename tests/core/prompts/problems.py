"""Problems that prompts are tested with."""

from hypothesis import strategies as st

from trajectories.core.records import InstructionRecord, ProblemKind, PublicProblem

FLIP = {
    "train": [{"input": [[1, 2], [3, 4]], "output": [[2, 1], [4, 3]]}, {"input": [[5, 0]], "output": [[0, 5]]}],
    "test": [{"input": [[7, 8, 9]]}],
}

rows = st.tuples(st.integers(1, 6), st.integers(1, 6)).flatmap(
    lambda shape: st.lists(
        st.lists(st.integers(0, 9), min_size=shape[1], max_size=shape[1]), min_size=shape[0], max_size=shape[0]
    )
)


def arc(spec=FLIP):
    return PublicProblem(ProblemKind.ARC, "flip", "", spec, "hash")


def question(kind, statement="What is 6 times 7?", **spec):
    return PublicProblem(kind, "question", statement, spec, "hash")


def instruction(style="chain-of-thought", view="digits", template=""):
    return InstructionRecord("test", 1, view, style, template)
