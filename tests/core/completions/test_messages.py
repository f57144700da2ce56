"""Thoughts in every spelling of a message, with what providers send beside them; nothing is dropped."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trajectories.core.completions.messages import left_out, read_items, read_message, said_in, thoughts_of
from trajectories.core.completions.parts import build_completion, parts_from_json, parts_to_json
from trajectories.core.completions.thoughts import PartKind

TEXT = {"type": "text", "text": "4"}
THINKING = {"type": "thinking", "thinking": "Two twos.", "signature": "sig"}
DETAIL = {"type": "reasoning.text", "text": "Two twos.", "format": "f", "index": 0, "signature": "sig"}
SPELLINGS = {
    "reasoning_content": {"content": "4", "reasoning_content": "Two twos."},
    "reasoning": {"content": "4", "reasoning": "Two twos."},
    "thinking": {"content": "4", "thinking": "Two twos."},
    "details": {"content": "4", "reasoning_details": [DETAIL]},
    "details and text": {"content": "4", "reasoning": "Two twos.", "reasoning_details": [DETAIL]},
    "details in pieces": {
        "content": "4",
        "reasoning": "Two twos.",
        "reasoning_details": [{**DETAIL, "text": "Two "}, {**DETAIL, "text": "twos."}],
    },
    "blocks": {"content": "4", "reasoning_content": "Two twos.", "thinking_blocks": [THINKING]},
    "anthropic": {"content": [THINKING, TEXT]},
    "mistral": {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "Two twos."}]}, TEXT]},
    "langchain": {"content": [{"type": "reasoning", "reasoning": "Two twos."}, TEXT]},
    "langchain summary": {
        "content": [{"type": "reasoning", "summary": [{"type": "summary_text", "text": "Two twos."}]}, TEXT]
    },
    "sdk": {"content": [{"type": "reasoning", "text": "Two twos."}, TEXT]},
    "bedrock": {
        "content": [{"reasoningContent": {"reasoningText": {"text": "Two twos.", "signature": "sig"}}}, {"text": "4"}]
    },
    "gemini": {"content": [{"text": "Two twos.", "thought": True}, {"text": "4", "thoughtSignature": "sig"}]},
    "said twice": {"content": [THINKING, TEXT], "reasoning_content": "Two twos."},
    "reasoning_text": {"content": "4", "reasoning_text": "Two twos."},
    "thinking_content": {"content": "4", "thinking_content": "Two twos."},
    "camel": {"content": "4", "reasoningContent": "Two twos."},
    "steps": {"content": "4", "reasoning_steps": [{"thought": "Two "}, {"thought": "twos."}]},
    "langchain aside": {"content": "4", "additional_kwargs": {"reasoning_content": "Two twos."}},
    "litellm aside": {"content": "4", "provider_specific_fields": {"reasoning_details": [DETAIL]}},
    "aside and said": {"content": "4", "reasoning": "Two twos.", "model_extra": {"reasoning": "Two twos."}},
    "parts in place of a content": {"parts": [{"type": "reasoning", "text": "Two twos."}, TEXT]},
    "tags": {"content": "<think>\nTwo twos.\n</think>\n\n4"},
    "tags in parts": {"content": [{"type": "text", "text": "<think>Two twos."}, {"type": "text", "text": "</think>4"}]},
}


@pytest.mark.parametrize("message", SPELLINGS.values(), ids=SPELLINGS)
def test_every_spelling_gives_the_same_thoughts_and_content(message):
    parts = build_completion(read_message({"role": "assistant", **message})).parts
    assert "".join(part.text for part in parts if part.kind is PartKind.THINKING).strip() == "Two twos."
    assert "".join(part.text for part in parts if part.kind is PartKind.CONTENT).strip() == "4"


@pytest.mark.parametrize("name", ["details", "details and text", "blocks", "anthropic", "bedrock", "gemini"])
def test_signatures_stay_with_the_part_they_came_with(name):
    completion = build_completion(read_message(SPELLINGS[name]))
    held = [value for part in completion.parts for value in part.data.values()]
    assert "sig" in held
    assert parts_from_json(parts_to_json(completion.parts), completion.text) == completion.parts


def test_encrypted_thoughts_are_kept_though_nobody_can_read_them():
    hidden = {"type": "redacted_thinking", "data": "zzz"}
    (part, said) = build_completion(read_message({"content": [hidden, TEXT]})).parts
    assert (part.kind, part.text, part.data["data"], said.text) == (PartKind.THINKING, "", "zzz", "4")
    other = {"content": "4", "reasoning": "A summary.", "reasoning_details": [{"type": "x", "data": "zzz"}]}
    (part, _) = build_completion(read_message(other)).parts
    assert (part.text, part.data) == ("A summary.", {"parts": [{"type": "x", "data": "zzz"}]})


def test_parts_stay_in_the_order_they_came():
    call = {"type": "tool_use", "id": "c", "name": "run", "input": {"code": "1"}}
    pieces = read_message(
        {"content": [THINKING, TEXT, call, {**THINKING, "thinking": "Check."}, {**TEXT, "text": "!"}]}
    )
    assert [piece.kind.value for piece in pieces] == ["thinking", "content", "tool_call", "thinking", "content"]
    completion = build_completion(pieces)
    assert completion.text == "Two twos.\n\n4\n\nCheck.\n\n!"
    assert [completion.text[part.start : part.end] for part in completion.parts] == [
        *("Two twos.", "4", "", "Check.", "!")
    ]
    assert completion.parts[2].data["call"] == call


def test_items_of_the_responses_api():
    output = [
        {"type": "reasoning", "id": "rs", "summary": [{"text": "A."}, {"text": "B."}], "encrypted_content": "zzz"},
        {
            "type": "message",
            "content": [{"type": "output_text", "text": "It is "}, {"type": "output_text", "text": "4"}],
        },
        {"type": "function_call", "call_id": "c", "name": "run", "arguments": "{}"},
        {"type": "reasoning", "id": "r2", "summary": [], "encrypted_content": "yyy"},
        {"type": "function_call_output", "call_id": "c", "output": "5"},
    ]
    pieces = read_items(output)
    assert (thoughts_of(pieces), said_in(pieces)) == ("A.\n\nB.", "It is 4")
    assert [piece.kind.value for piece in pieces] == [
        *("thinking", "thinking", "content", "content", "tool_call", "thinking", "tool_result")
    ]
    assert pieces[0].data == {"id": "rs", "encrypted_content": "zzz"}
    assert pieces[5].data["encrypted_content"] == "yyy"


def test_a_setting_is_no_thought_and_a_picture_is_counted():
    assert thoughts_of(read_message({"content": "4", "thinking": True, "reasoning": {"effort": "low"}})) == ""
    assert left_out([TEXT, {"type": "image_url", "image_url": {}}, THINKING]) == ["image_url"]


odd = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "text", "thinking", "summary", "content", "call", "thought", "data", "index"]),
            inner,
        )
    ),
    max_leaves=12,
)


@given(message=st.dictionaries(st.sampled_from(["content", "reasoning", "reasoning_details", "tool_calls"]), odd))
def test_any_message_can_be_read_and_its_parts_kept(message):
    completion = build_completion(read_message(message))
    assert parts_from_json(parts_to_json(completion.parts), completion.text) == completion.parts


@given(items=st.lists(odd, max_size=4))
def test_any_items_can_be_read(items):
    assert isinstance(build_completion(read_items(items)).text, str)
