from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trajectories.core.completions.usage import MOST, Counted, read_usage
from trajectories.core.records import Usage


def counts(value):
    counted = read_usage(value)
    assert counted is not None
    usage = counted.usage
    return usage.input_tokens, usage.cached_tokens, usage.reasoning_tokens, usage.output_tokens


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        pytest.param(
            {
                "prompt_tokens": 20,
                "completion_tokens": 505,
                "total_tokens": 525,
                "completion_tokens_details": {"reasoning_tokens": 500},
            },
            (20, 0, 500, 505),
            id="openai: reasoning inside",
        ),
        pytest.param(
            {
                "prompt_tokens": 20,
                "completion_tokens": 5,
                "total_tokens": 525,
                "completion_tokens_details": {"reasoning_tokens": 500},
            },
            (20, 0, 500, 505),
            id="xai: reasoning beside, told by the total",
        ),
        pytest.param(
            {"prompt_tokens": 20, "completion_tokens": 5, "completion_tokens_details": {"reasoning_tokens": 500}},
            (20, 0, 500, 505),
            id="more reasoning than output and no total: it must be beside",
        ),
        pytest.param(
            {
                "input_tokens": 9,
                "output_tokens": 40,
                "total_tokens": 49,
                "input_tokens_details": {"cached_tokens": 4},
                "output_tokens_details": {"reasoning_tokens": 30},
            },
            (9, 4, 30, 40),
            id="responses",
        ),
        pytest.param(
            {
                "prompt_tokens": 20,
                "completion_tokens": 5,
                "total_tokens": 25,
                "prompt_cache_hit_tokens": 16,
                "prompt_cache_miss_tokens": 4,
            },
            (20, 16, 0, 5),
            id="deepseek's cache",
        ),
        pytest.param(
            {"prompt_tokens": 20, "completion_tokens": 5, "total_tokens": 25, "cached_tokens": 16},
            (20, 16, 0, 5),
            id="kimi's cache",
        ),
        pytest.param(
            {
                "input_tokens": 4,
                "output_tokens": 5,
                "cache_read_input_tokens": 16,
                "cache_creation_input_tokens": 10,
            },
            (30, 16, 0, 5),
            id="anthropic: cached input beside",
        ),
        pytest.param(
            {
                "prompt_tokens": 20,
                "completion_tokens": 5,
                "total_tokens": 25,
                "cache_read_input_tokens": 16,
                "cache_creation_input_tokens": 0,
            },
            (20, 16, 0, 5),
            id="a gateway that adds anthropic's names to openai's",
        ),
        pytest.param(
            {
                "promptTokenCount": 20,
                "candidatesTokenCount": 5,
                "thoughtsTokenCount": 500,
                "totalTokenCount": 525,
                "cachedContentTokenCount": 16,
            },
            (20, 16, 500, 505),
            id="gemini",
        ),
        pytest.param(
            {"promptTokenCount": 20, "candidatesTokenCount": 600, "thoughtsTokenCount": 500},
            (20, 0, 500, 1100),
            id="gemini without a total",
        ),
        pytest.param({"prompt_eval_count": 7, "eval_count": 3}, (7, 0, 0, 3), id="ollama"),
        pytest.param({"prompt_tokens": "7", "completion_tokens": "3"}, (7, 0, 0, 3), id="counts as texts"),
        pytest.param(
            {"inputTokens": 4, "outputTokens": 5, "totalTokens": 25, "cacheReadInputTokens": 16},
            (20, 16, 0, 5),
            id="bedrock, whose input leaves out what was cached",
        ),
        pytest.param(
            {"inputTokens": 20, "outputTokens": 505, "reasoningTokens": 500, "cachedInputTokens": 16},
            (20, 16, 500, 505),
            id="ai sdk",
        ),
        pytest.param({"promptTokens": 20, "completionTokens": 5}, (20, 0, 0, 5), id="ai sdk, earlier"),
        pytest.param(
            {"input_tokens": 20, "output_tokens": 5, "reasoning_output_tokens": 500}, (20, 0, 500, 505), id="codex"
        ),
        pytest.param({"prompt_tokens": 7.0, "completion_tokens": 3.0}, (7, 0, 0, 3), id="counts as floats"),
        pytest.param({"prompt_tokens": 20, "completion_tokens": 9, "total_tokens": 5}, (20, 0, 0, 9), id="odd total"),
    ],
)
def test_each_shape_gives_the_same_facts(shape, expected):
    assert counts(shape) == expected


@pytest.mark.parametrize("value", [None, [], "20", {}, {"prompt_tokens": None}, {"prompt_tokens": "many"}, {"cost": 1}])
def test_what_holds_no_counts_is_none(value):
    assert read_usage(value) is None


@pytest.mark.parametrize(
    ("more", "cost"),
    [
        ({"cost": 0.0123}, "0.0123"),
        ({"cost": "0.0123"}, "0.0123"),
        ({"cost": 0}, "0"),
        ({"cost": {"total_cost": 0.006}}, "0.006"),
        ({"cost": 0.001, "is_byok": True, "cost_details": {"upstream_inference_cost": 0.02}}, "0.021"),
        ({"cost": 0.001, "is_byok": False, "cost_details": {"upstream_inference_cost": 0.02}}, "0.001"),
        ({"cost": {"total": 0.006}}, "0.006"),
        ({"estimated_cost": 0.0123}, "0.0123"),
        ({"total_cost": 0.0123}, "0.0123"),
        ({"cost_in_usd_ticks": 123_000_000}, "0.0123"),
        ({"cost": -1}, None),
        ({"cost": float("nan")}, None),
        ({"cost": True}, None),
        ({}, None),
    ],
)
def test_a_cost_that_the_endpoint_states_is_its_own_word(more, cost):
    counted = read_usage({"prompt_tokens": 20, "completion_tokens": 5, **more})
    assert counted == Counted(Usage(20, 0, 0, 5), None if cost is None else Decimal(cost))


names = st.sampled_from(
    ["prompt_tokens", "completion_tokens", "total_tokens", "input_tokens", "output_tokens", "cached_tokens", "cost"]
)
anything = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just({"a": 1})


@given(st.dictionaries(names, anything))
def test_whatever_comes_the_parts_fit_the_whole(value):
    counted = read_usage(value)
    if counted is not None:
        usage = counted.usage
        assert 0 <= usage.cached_tokens <= usage.input_tokens <= MOST
        assert 0 <= usage.reasoning_tokens <= usage.output_tokens <= MOST


def test_cohere_counts_what_it_bills_apart():
    billed = {"input_tokens": 10, "output_tokens": 5}
    assert counts({"billed_units": billed, "tokens": {"input_tokens": 30, "output_tokens": 5}}) == (30, 0, 0, 5)


@pytest.mark.parametrize("name", ["cost", "cost_usd", "total_cost_usd"])
def test_a_cost_has_several_names(name):
    counted = read_usage({"prompt_tokens": 20, "completion_tokens": 5, name: 0.0123})
    assert counted is not None
    assert counted.cost == Decimal("0.0123")
