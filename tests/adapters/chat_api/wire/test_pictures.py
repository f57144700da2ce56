"""Pictures in what is sent: the parts of both APIs, what makes two calls the same, and models that do not see."""

import base64
import io
from dataclasses import replace

import pytest
from openai.types.chat import ChatCompletionUserMessageParam
from openai.types.responses.response_input_item_param import Message
from PIL import Image
from pydantic import TypeAdapter

from trajectories.adapters.chat_api import CallError, ChatCall, ChatSettings
from trajectories.adapters.chat_api.calls.records import call_hash, input_tokens_of
from trajectories.adapters.chat_api.wire.client import request_body
from trajectories.adapters.chat_api.wire.faults import status_fault
from trajectories.adapters.chat_api.wire.opening import batched_body
from trajectories.core.completions.hidden_errors import Refusal
from trajectories.core.prompts.pictures import picture_mark, with_pictures

SEES = ChatSettings(base_url="http://localhost:8000/v1", model="m", sees_pictures=True)
TEXT = f"Input:\n{picture_mark(((1, 2), (3, 4)))}\nOutput?"
ASKED = with_pictures([{"role": "system", "content": "Be brief."}, {"role": "user", "content": TEXT}])


def test_chat_completions_are_sent_parts_that_its_own_client_knows():
    for body in (request_body(SEES, ASKED, 0.7, 5), batched_body(SEES, ASKED, 0.7, 5)):
        system, user = body["messages"]
        assert system == ASKED[0]
        TypeAdapter(ChatCompletionUserMessageParam).validate_python(user)
        assert [part["type"] for part in user["content"]] == ["text", "image_url", "text"]
        head, _, data = user["content"][1]["image_url"]["url"].partition(",")
        assert head == "data:image/png;base64"
        assert Image.open(io.BytesIO(base64.b64decode(data))).size == (65, 65)


def test_responses_are_sent_parts_that_its_own_client_knows():
    body = request_body(replace(SEES, api="responses"), ASKED, 0.7, 5)
    TypeAdapter(Message).validate_python(body["input"][1])
    assert [part["type"] for part in body["input"][1]["content"]] == ["input_text", "input_image", "input_text"]


def test_a_model_that_is_not_known_to_see_is_sent_nothing():
    with pytest.raises(CallError, match=r'not known to see them\. Test it and switch on "Sees pictures"') as caught:
        request_body(replace(SEES, sees_pictures=False), ASKED, 0.7, 5)
    assert caught.value.stops, "no other call of the run would do"


def test_another_picture_is_another_call():
    other = with_pictures([ASKED[0], {"role": "user", "content": TEXT.replace(*_marks())}])
    assert call_hash(SEES, ChatCall(ASKED, 0.7, 5)) != call_hash(SEES, ChatCall(other, 0.7, 5))
    assert call_hash(SEES, ChatCall(ASKED, 0.7, 5)) == call_hash(
        replace(SEES, picture_tokens=9), ChatCall(ASKED, 0.7, 5)
    )


def _marks() -> tuple[str, str]:
    return picture_mark(((1, 2), (3, 4))), picture_mark(((1, 2), (3, 5)))


def test_a_picture_counts_as_the_settings_say():
    assert input_tokens_of(ASKED, 300) == input_tokens_of(ASKED, 100) + 200


@pytest.mark.parametrize(
    "words",
    [
        "Invalid content type. image_url is only supported by certain models.",
        "m is not a multimodal model",
        "image input is not supported - hint: if this is unexpected, you may need to provide the mmproj",
    ],
)
def test_a_refusal_of_pictures_names_the_setting(words):
    body = request_body(SEES, ASKED, 0.7, 5)
    assert status_fault(Refusal(400, {}, words), SEES, "", body).remedy == "blind"
    without = request_body(SEES, ASKED[:1], 0.7, 5)
    assert status_fault(Refusal(400, {}, words), SEES, "", without).remedy == ""
