"""What the Python client does where the way to the installation, or what answers there, is not as it should be."""

import hashlib
import json

import httpx2
import pytest

from minicolumn import Client, MinicolumnError
from minicolumn.client import COUNTED
from minicolumn.connection import PUSHED_BYTES, batches


@pytest.fixture
def slept(monkeypatch):
    waits: list[float] = []
    monkeypatch.setattr("minicolumn.connection.time.sleep", waits.append)
    return waits


def asking(answer, token="mc_x"):
    return Client("http://localhost", token, transport=httpx2.MockTransport(answer))


def test_batches_are_bounded_by_rows_and_by_the_bytes_that_are_sent():
    assert [len(batch) for batch in batches({"n": n} for n in range(2_500))] == [1_000, 1_000, 500]
    long = "x" * 4_000_000
    assert [len(batch) for batch in batches([{"text": long}, {"text": long}, {"text": ""}])] == [1, 2]
    many = list(batches({"text": "\u9ad8" * 10_000} for _ in range(500)))
    assert sum(map(len, many)) == 500
    assert max(sum(map(len, batch)) for batch in many) <= PUSHED_BYTES
    assert json.loads(many[0][0]) == {"text": "\u9ad8" * 10_000}


@pytest.mark.parametrize("value", [float("nan"), {1, 2}, "\ud800"])
def test_what_is_no_json_is_told_by_its_line_with_what_came_in(value):
    told = {**dict.fromkeys(COUNTED, 0), "inserted": 1, "traces": [1], "faults": [], "import_id": 7}
    rows = [*({"n": n} for n in range(1_001)), {"n": value}]
    with pytest.raises(MinicolumnError, match=r"^line 1002: .*expected a row of JSON") as refused:
        asking(lambda _: httpx2.Response(201, json=told)).push_traces(rows)
    # An installation of an earlier version tells of no crossings.
    assert (refused.value.status, refused.value.came_in) == (0, {**told, "crossings": []})


def test_a_push_that_is_too_large_names_its_lines():
    problem = {"status": 413, "detail": "Found a request that is too large; send less at once.", "errors": []}
    with pytest.raises(MinicolumnError, match=r"^lines 1 to 1: Found a request that is too large"):
        asking(lambda _: httpx2.Response(413, json=problem)).push_traces([{"text": "x"}])


def test_the_client_waits_as_long_as_it_is_asked_to(slept):
    answers, asked = [(429, "7"), (503, "Wed, 21 Oct 2026 07:28:00 GMT"), (200, "")], []

    def answer(request):
        status, after = answers.pop(0)
        asked.append(request)
        return httpx2.Response(status, headers={"Retry-After": after}, json={"items": [], "next": None})

    assert list(asking(answer).runs()) == []
    assert (slept, len(asked)) == ([7.0, 1.0], 3)


def test_what_has_a_key_is_sent_again_with_the_same_where_the_connection_is_lost(slept):
    keys = []

    def answer(request):
        keys.append(request.headers.get("Idempotency-Key"))
        if len(keys) < 3:
            raise httpx2.ReadError("the connection broke")
        return httpx2.Response(201, json={"id": 1})

    assert asking(answer).launch_run(sampler=1, key="mine") == {"id": 1}
    assert (keys, len(slept)) == (["mine"] * 3, 2)
    keys.clear()
    assert asking(answer).launch_run(sampler=1) == {"id": 1}
    assert len(set(keys)) == 1
    assert keys[0]


def test_what_has_none_is_sent_again_only_where_it_never_left(slept):
    faults = [httpx2.ConnectError("refused"), httpx2.ReadTimeout("too long")]

    def answer(_):
        raise faults.pop(0)

    with pytest.raises(MinicolumnError, match=r"Found no answer from http://localhost/api/v1 \(too long\)") as lost:
        asking(answer).steer_run(1, "pause")
    assert (lost.value.status, len(slept), faults) == (0, 1, [])


def test_nobody_there_is_one_sentence_after_a_few_tries(slept):
    def answer(_):
        raise httpx2.ConnectError("")

    with pytest.raises(MinicolumnError, match=r"Found no answer from .* \(ConnectError\), expected an installation"):
        list(asking(answer).traces())
    assert len(slept) == 3


@pytest.mark.parametrize(
    ("response", "said"),
    [
        (httpx2.Response(301, headers={"Location": "https://elsewhere/"}), r"Found a redirect \(301\) to https://else"),
        (
            httpx2.Response(200, text="<html>", headers={"Content-Type": "text/html"}),
            "with status 200 and of text/html",
        ),
        (httpx2.Response(502, text="Bad Gateway"), "with status 502 and of text/plain"),
        (httpx2.Response(200, json=[1]), "status 200 and of application/json, expected one of the API of Minicolumn"),
        (httpx2.Response(500, json={"error": "no"}), "with status 500"),
    ],
)
def test_what_the_api_never_answers_is_told_in_a_sentence(response, said):
    with pytest.raises(MinicolumnError, match=said) as refused:
        asking(lambda _: response).run(1)
    assert (refused.value.status, refused.value.errors) == (response.status_code, [])


@pytest.mark.parametrize("token", ["", " \n", "mc_ü", "mc_a\nb"])
def test_a_token_that_is_none_is_refused(token):
    with pytest.raises(MinicolumnError, match="made on the page “API tokens”"):
        asking(lambda _: httpx2.Response(200, json={}), token)


def test_without_an_argument_the_token_is_that_of_the_environment(monkeypatch):
    monkeypatch.delenv("MINICOLUMN_TOKEN", raising=False)
    with pytest.raises(MinicolumnError, match="Found no token"):
        Client("http://localhost")
    monkeypatch.setenv("MINICOLUMN_TOKEN", "mc_y\n")
    seen = []

    def answer(request):
        seen.append(request.headers["Authorization"])
        return httpx2.Response(200, json={"items": [], "next": None})

    list(asking(answer, None).runs())
    assert seen == ["Bearer mc_y"]


@pytest.mark.parametrize("url", ["http://a:x", "localhost:8000"])
def test_an_address_that_is_none_is_refused(url):
    with pytest.raises(MinicolumnError, match="Found"):
        Client(url, "mc_x").run(1)


class Broken(httpx2.SyncByteStream):
    """The start of a file, after which the connection is lost."""

    def __init__(self, content):
        self.content = content

    def __iter__(self):
        yield self.content
        raise httpx2.ReadError("the connection broke")


def downloading(content, sha256, ranges):
    def answer(request):
        if request.url.path.endswith("/link"):
            url = "https://inside.example/exports/7/download/?key=a:b"
            told = {"url": url, "filename": "set.jsonl", "byte_size": len(content), "sha256": sha256}
            return httpx2.Response(200, json=told)
        assert str(request.url) == "http://localhost/exports/7/download/?key=a:b"
        ranges.append(request.headers.get("Range"))
        if len(ranges) == 1:
            return httpx2.Response(200, stream=Broken(content[:5]))
        return httpx2.Response(206, content=content[5:])

    return answer


def test_a_download_goes_on_from_where_the_connection_was_lost(slept, tmp_path):
    content, ranges = b'{"a": 1}\n{"a": 2}\n', []
    client = asking(downloading(content, hashlib.sha256(content).hexdigest(), ranges))
    path = client.download(7, tmp_path)
    assert (path.name, path.read_bytes()) == ("set.jsonl", content)
    assert (ranges, len(slept)) == ([None, "bytes=5-"], 1)


def test_a_download_with_another_hash_leaves_nothing(slept, tmp_path):
    with pytest.raises(MinicolumnError, match=r"for set\.jsonl, expected 18 with"):
        asking(downloading(b'{"a": 1}\n{"a": 2}\n', "0" * 64, [])).download(7, tmp_path)
    assert list(tmp_path.iterdir()) == []
