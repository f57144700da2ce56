"""Thoughts in streams, by every name and in parts of the content: read as when they come whole."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trajectories.adapters.chat_api.wire.streams import merge_stream
from trajectories.core.completions.replies import read_reply


def stream(*deltas):
    chunks = [{"choices": [{"index": 0, "delta": delta}]} for delta in deltas]
    chunks.append({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    return [f"data: {json.dumps(chunk)}" for chunk in chunks] + ["data: [DONE]"]


def thinking(text):
    return {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": text}]}]}


DELTAS = {
    "reasoning_content": [
        {"reasoning_content": "Two "},
        {"reasoning_content": "twos."},
        {"content": "It "},
        {"content": "is 4."},
    ],
    "thinking": [{"thinking": "Two "}, {"thinking": "twos."}, {"content": "It is 4."}],
    "mistral": [thinking("Two "), thinking("twos."), {"content": "It "}, {"content": "is 4."}],
    "mistral lists": [thinking("Two twos."), {"content": [{"type": "text", "text": "It is 4."}]}],
    "litellm": [
        {"reasoning_content": "Two ", "thinking_blocks": [{"type": "thinking", "thinking": "Two "}]},
        {"reasoning_content": "twos.", "thinking_blocks": [{"type": "thinking", "thinking": "twos."}]},
        {"thinking_blocks": [{"type": "thinking", "thinking": "", "signature": "s"}]},
        {"content": "It is 4."},
    ],
    "openrouter": [
        {"reasoning": "Two ", "reasoning_details": [{"type": "reasoning.text", "text": "Two ", "index": 0}]},
        {"reasoning": "twos.", "reasoning_details": [{"type": "reasoning.text", "text": "twos.", "index": 0}]},
        {"reasoning_details": [{"type": "reasoning.text", "signature": "s", "index": 0}]},
        {"content": "It is 4."},
    ],
}


@pytest.mark.parametrize("deltas", DELTAS.values(), ids=DELTAS)
def test_streamed_thoughts_are_read(deltas):
    reply = read_reply(merge_stream(stream(*deltas)))
    assert (reply.reasoning, reply.text) == ("Two twos.", "It is 4.")


@pytest.mark.parametrize("name", ["litellm", "openrouter"])
def test_signatures_come_through_a_stream(name):
    reply = read_reply(merge_stream(stream(*DELTAS[name])))
    assert [piece.data.get("signature") for piece in reply.pieces if piece.kind == "thinking"] == ["s"]


def test_two_signed_blocks_stay_two():
    blocks = [{"type": "thinking", "thinking": "A.", "signature": "a"}, {"type": "thinking", "thinking": "B."}]
    reply = read_reply(merge_stream(stream(*({"thinking_blocks": [block]} for block in blocks), {"content": "4"})))
    assert [piece.text for piece in reply.pieces] == ["A.", "B.", "4"]


WORDS = st.text(min_size=1, max_size=5)
# A thought of blanks alone is a signed block without words: its blanks stay in its data.
THOUGHTS = WORDS.filter(str.strip)


@given(st.lists(st.tuples(st.just("thinking"), THOUGHTS) | st.tuples(st.just("text"), WORDS), min_size=1))
def test_parts_of_content_lose_nothing_in_a_stream(pieces):
    deltas = [thinking(text) if kind == "thinking" else {"content": text} for kind, text in pieces]
    reply = read_reply(merge_stream(stream(*deltas)))
    came = "".join(piece.text for piece in reply.pieces)
    assert came == "".join(text for _, text in pieces)


def test_a_long_stream_is_merged_in_time():
    text = merge_stream(stream(*[thinking("x" * 10)] * 20_000, *[{"content": "y" * 10}] * 20_000))
    assert len(read_reply(text).reasoning) == 200_000
