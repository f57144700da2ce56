"""Hypothesis strategies for ARC values and for values that are none."""

from hypothesis import strategies as st

colours = st.integers(0, 9)


@st.composite
def grids(draw, largest: int = 5):
    width = draw(st.integers(1, largest))
    return draw(st.lists(st.lists(colours, min_size=width, max_size=width), min_size=1, max_size=largest))


full_pairs = st.fixed_dictionaries({"input": grids(), "output": grids()})
test_pairs = st.fixed_dictionaries({"input": grids()}, optional={"output": st.none() | grids()})
arc_tasks = st.fixed_dictionaries(
    {"train": st.lists(full_pairs, min_size=1, max_size=3), "test": st.lists(test_pairs, min_size=1, max_size=3)}
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["train", "test", "input", "output", "a"]) | st.text(max_size=3), inner, max_size=4
        )
    ),
    max_leaves=20,
)
