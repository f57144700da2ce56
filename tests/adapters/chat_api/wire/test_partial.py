"""A streamed answer is read as far as it has come, and what must not be told is not told in pieces either."""

import json

import pytest

from trajectories.adapters.chat_api.wire.partial import PartialAnswer
from trajectories.stand_ins.fake_endpoint import Answer, bodies

KEY = "sk-test-0123456789abcdef"


def delta(index=0, **fields):
    return {"choices": [{"index": index, "delta": fields}]}


def response(kind, text, **places):
    return {"type": f"response.{kind}.delta", "delta": text, **places}


def told(*events, key="", index=0, size=7):
    """What is read of events that come a few bytes at a time."""
    body = b"".join(f"data: {json.dumps(event)}\n\n".encode() for event in events)
    answer = PartialAnswer(key)
    for start in range(0, len(body), size):
        answer.feed([body[start : start + size]])
    return answer.said(index)


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([], ("", "")),
        ([delta(content="It "), delta(content="turns.")], ("", "It turns.")),
        ([delta(reasoning_content="Perhaps"), delta(content="Yes")], ("Perhaps", "Yes")),
        ([delta(content="<think>Is it"), delta(content=" so?</think>Yes")], ("Is it so?", "Yes")),
        ([delta(content="<think>Not closed yet")], ("Not closed yet", "")),
        ([delta(content="one"), delta(index=1, content="two")], ("", "one")),
        ([response("output_text", "It "), response("output_text", "turns.")], ("", "It turns.")),
        (
            [
                response("reasoning_summary_text", "First."),
                response("reasoning_summary_text", "Then.", summary_index=1),
            ],
            ("First.\n\nThen.", ""),
        ),
        ([response("function_call_arguments", '{"code"')], ("", "")),
        ([{"choices": "strange"}, {"choices": [7]}, [], {"type": 3}, delta(content="on")], ("", "on")),
    ],
)
def test_thoughts_and_words_are_told_apart_as_they_come(events, expected):
    assert told(*events) == expected


def test_each_of_several_samples_of_a_call_is_told_by_itself():
    events = [delta(0, content="one"), delta(1, content="two"), delta(0, content=" more")]
    assert (told(*events, index=0)[1], told(*events, index=1)[1]) == ("one more", "two")


def test_what_is_no_event_or_no_whole_line_waits_or_is_passed_over():
    answer = PartialAnswer()
    answer.feed([b'data: {"choices": [{"delta": {"content": "It"}}]}\n', b": a comment\nevent: x\ndata: {broken\n"])
    answer.feed([b'data: [DONE]\ndata: {"choices": [{"delta": {"con'])
    assert answer.said() == ("", "It")
    answer.feed([b'tent": " turns"}}]}\n'])
    assert answer.said() == ("", "It turns")


def test_an_answer_that_is_not_streamed_says_nothing_before_it_is_there():
    answer = PartialAnswer()
    answer.feed([json.dumps(bodies.completion("m", 1, [Answer("It turns.")], "")).encode()])
    assert answer.said() == ("", "")


def test_a_key_is_told_neither_whole_nor_in_its_beginning():
    pieces = [KEY[:9], KEY[9:], " is it."]
    for count in (1, 2, 3):
        _, text = told(*(delta(content=piece) for piece in ["The key ", *pieces[:count]]), key=KEY)
        assert KEY[:3] not in text
        assert text.startswith("The key")
    assert text.endswith("is it.")


def test_all_that_has_come_in_the_end_is_the_whole_answer():
    whole = bodies.completion("m", 1, [Answer("Each row is turned.", reasoning="Rows? Rows.")], "")
    body = "".join(bodies.stream_completion(whole)).encode()
    answer = PartialAnswer()
    answer.feed([body])
    assert answer.said() == ("Rows? Rows.", "Each row is turned.")
