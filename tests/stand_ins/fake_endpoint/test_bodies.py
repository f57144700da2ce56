"""The stand-in's bodies satisfy the strictest reader there is: the types that the real client was generated with."""

import pytest
from openai.types.chat import ChatCompletion
from openai.types.responses import Response

from trajectories.stand_ins.fake_endpoint import Answer, bodies

CALL = {"id": "call-1", "type": "function", "function": {"name": "python", "arguments": '{"code": "1"}'}}
ANSWERS = [
    Answer("It is 4.", "Two twos."),
    Answer("", refusal="I cannot help with that."),
    Answer("", tool_calls=(CALL,)),
    Answer(""),
]


@pytest.mark.parametrize("failure", ["", "truncated", "filtered"])
@pytest.mark.parametrize("answer", ANSWERS)
def test_a_response_is_one_to_a_strict_reader(answer, failure):
    body = bodies.response("model", 2, answer, failure)
    Response.model_validate(body, strict=True)
    for item in body["output"]:
        assert item["id"]


@pytest.mark.parametrize("failure", ["", "truncated", "filtered"])
@pytest.mark.parametrize("answer", ANSWERS)
def test_a_completion_is_one_to_a_strict_reader(answer, failure):
    ChatCompletion.model_validate(bodies.completion("model", 2, [answer], failure), strict=True)
