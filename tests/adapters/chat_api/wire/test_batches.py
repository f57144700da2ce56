"""The batch service of a provider: files, batches, and the lines that come back."""

import io
import json

import pytest

from tests.endpoint import access_to, flip_endpoint, settings_for
from trajectories.adapters.chat_api import CallError
from trajectories.adapters.chat_api.wire.batch_lines import read_line, request_line
from trajectories.adapters.chat_api.wire.batches import BatchClient
from trajectories.core.completions.replies import Reply
from trajectories.stand_ins.fake_endpoint import Behaviour

SETTINGS = settings_for(flip_endpoint())
BODY = {"choices": [{"message": {"content": "Hello\u2028there"}, "finish_reason": "stop"}]}
KEY = "the-key-of-this-test"


def client_of(endpoint) -> BatchClient:
    return BatchClient(settings_for(endpoint), access_to())


def file_of(count: int) -> io.BytesIO:
    lines = [
        json.dumps(request_line(SETTINGS, f"attempt-{n}", {"model": "fake", "messages": []})) for n in range(count)
    ]
    return io.BytesIO("".join(f"{line}\n" for line in lines).encode())


def test_a_file_goes_up_and_its_answers_come_down(tmp_path):
    with flip_endpoint(Behaviour(batch_answers=0.5)) as endpoint:
        client = client_of(endpoint)
        state = client.create(client.upload(file_of(4), "calls.jsonl"), "mark-1")
        assert (state.status, state.mark, state.has_ended) == ("validating", "mark-1", False)
        state = client.look(state.provider_id)
        assert (state.status, state.completed, state.failed, len(state.files)) == ("expired", 2, 2, 2)
        for name in state.files:
            client.download(name, tmp_path / name)
    assert endpoint.shelf.files["file-1"] == file_of(4).getvalue()
    read = [read_line(line, SETTINGS, "", {}) for name in state.files for line in (tmp_path / name).open("rb")]
    assert [line.custom_id for line in read] == [f"attempt-{n}" for n in range(4)]
    assert [isinstance(line.outcome, Reply) for line in read] == [True, True, False, False]


def test_a_file_beyond_every_measure_is_not_taken(tmp_path, monkeypatch):
    monkeypatch.setattr("trajectories.adapters.chat_api.wire.batches.MOST_DOWNLOADED", 10)
    with flip_endpoint() as endpoint, pytest.raises(CallError, match="larger than") as fault:
        client_of(endpoint).download(client_of(endpoint).upload(file_of(2), "calls.jsonl"), tmp_path / "file")
    assert (fault.value.kind, fault.value.stops) == ("too_large", True)
    assert (tmp_path / "file").stat().st_size <= 10


def test_a_batch_is_found_by_its_mark_or_its_file_on_any_page():
    with flip_endpoint() as endpoint:
        client = client_of(endpoint)
        file_id = client.upload(file_of(1), "calls.jsonl")
        first = client.create(file_id, "mine")
        for number in range(120):
            client.create(client.upload(file_of(1), "calls.jsonl"), f"other {number}")
        assert client.find("mine", "").provider_id == first.provider_id
        assert client.find("not told", file_id).provider_id == first.provider_id
        assert client.find("unknown", "") is None


@pytest.mark.parametrize(
    ("way", "kind", "words"),
    [
        ("none", "not_found", "The endpoint knows no such batch, or has no batch service (404)."),
        ("busy", "rate_limited", "asked too often"),
        ("unheard", "connection", "No answer from"),
    ],
)
def test_what_goes_wrong_is_said_plainly(way, kind, words):
    with flip_endpoint(Behaviour(batch_way=way)) as endpoint, pytest.raises(CallError) as fault:
        client_of(endpoint).create(client_of(endpoint).upload(file_of(1), "calls.jsonl"), "mark")
    assert (fault.value.kind, words in fault.value.message) == (kind, True)


@pytest.mark.parametrize("name", ["../models", "..", "a/b?c=d#e"])
def test_an_id_is_one_part_of_a_path_whatever_it_is(name):
    with flip_endpoint() as endpoint, pytest.raises(CallError, match="knows no such batch"):
        client_of(endpoint).look(name)


def line_of(**row) -> bytes:
    return json.dumps({"custom_id": "attempt-1", **row}, ensure_ascii=False).encode()


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        ({"response": {"status_code": 200, "body": BODY}, "error": None}, ""),
        ({"response": {"status_code": 200, "body": BODY}}, ""),
        ({"response": {"status_code": 429, "body": {"error": {"message": "busy"}}}}, "rate_limited"),
        ({"response": {"status_code": 500, "body": None}}, "server"),
        ({"response": {"status_code": 401, "body": {"error": KEY}}}, "unauthorised"),
        ({"response": None, "error": {"code": "batch_expired", "message": "late"}}, "unanswered"),
        ({"response": {}, "error": {"code": "rate_limit_exceeded", "message": "busy"}}, "rate_limited"),
        ({"response": {"status_code": 200, "body": {"error": {"message": "broke", "code": 500}}}}, "server"),
        ({"response": {"status_code": 200, "body": "words"}}, "malformed"),
        ({"response": {"status_code": 200, "body": BODY}, "error": {"message": "all the same"}}, "unanswered"),
        ({"response": 7, "error": 8}, "unanswered"),
        ({}, "unanswered"),
    ],
)
def test_a_line_is_an_answer_or_says_why_there_is_none(row, kind):
    found = read_line(line_of(**row), SETTINGS, KEY, {})
    assert found.custom_id == "attempt-1"
    assert getattr(found.outcome, "kind", "") == kind
    assert KEY not in getattr(found.outcome, "detail", "")


@pytest.mark.parametrize("line", [b"", b"\xff", b"[]", b"7", b'{"response": {}}', b'{"custom_id": 7}', b"[" * 100_000])
def test_a_line_that_names_no_request_is_none(line):
    assert read_line(line, SETTINGS, KEY, {}) is None
