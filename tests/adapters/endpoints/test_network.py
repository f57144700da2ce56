"""Calls over real sockets: whose address is checked, which is called, and what is sent there."""

import asyncio
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpcore2
import pytest

from tests.endpoint import KEY, access_to, flip_endpoint, settings_for
from trajectories.adapters.chat_api import CallError, ChatSettings, open_client
from trajectories.adapters.endpoints import AccessError, AddressRules
from trajectories.adapters.endpoints import network as checked
from trajectories.adapters.endpoints.network import CheckedNetwork, first_to_connect

CANARY = "canary-5c7f21"
AMBIENT = {
    "OPENAI_API_KEY": f"{CANARY}-key",
    "OPENAI_ADMIN_KEY": f"{CANARY}-admin",
    "OPENAI_ORG_ID": f"{CANARY}-organisation",
    "OPENAI_PROJECT_ID": f"{CANARY}-project",
    "OPENAI_CUSTOM_HEADERS": "\n".join(
        f"{name}: {CANARY}" for name in ("X-Custom", "Authorization", "User-Agent", "Host")
    ),
    "OPENAI_BASE_URL": "http://127.0.0.1:9/v1",
}


class Recorder(BaseHTTPRequestHandler):
    """Keeps what it is sent; answers as the server's `reply` says."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        self.server.seen.append((self.path, list(self.headers.items()), body))
        status, headers, text = self.server.reply
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(text))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


ANSWER = json.dumps({"choices": [{"message": {"content": "ready"}, "finish_reason": "stop"}]})


@contextmanager
def recording(status: int = 200, headers: dict[str, str] | None = None, text: str = ANSWER) -> Iterator:
    with ThreadingHTTPServer(("127.0.0.1", 0), Recorder) as server:
        server.seen, server.reply = [], (status, headers or {}, text)
        server.url = f"http://127.0.0.1:{server.server_port}/v1"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def ask(settings: ChatSettings, access):
    async def once():
        client = open_client(settings, access)
        try:
            return await client.complete([{"role": "user", "content": "Hello"}], 1.0, 1)
        finally:
            await client.close()

    return asyncio.run(once())


def refusal(settings: ChatSettings, access) -> CallError:
    with pytest.raises(CallError) as caught:
        ask(settings, access)
    return caught.value


def model_at(url: str, **values) -> ChatSettings:
    return ChatSettings(url, "m", timeout_seconds=5.0, **values)


@pytest.fixture
def names(monkeypatch):
    """Who answers for names: each look-up takes the next of a name's answers, and the last one stays."""
    answers: dict[str, list[list[str]]] = {}
    asked: list[str] = []

    async def look_up(host, port):
        asked.append(host)
        found = answers.get(host, [[host]])
        return found.pop(0) if len(found) > 1 else found[0]

    monkeypatch.setattr(checked, "look_up", look_up)
    answers["asked"] = asked
    return answers


def test_only_our_own_headers_are_sent_whatever_the_environment_holds(monkeypatch):
    for name, value in AMBIENT.items():
        monkeypatch.setenv(name, value)
    with recording() as server:
        ask(model_at(server.url), access_to())
        ask(model_at(server.url, key_variable="K"), access_to(server.url, environment={**os.environ, "K": KEY}))
    (path, bare, body), (_, keyed, _) = server.seen
    assert path == "/v1/chat/completions"
    assert json.loads(body)["model"] == "m"
    ours = {"Host", "Accept", "Accept-Encoding", "User-Agent", "Content-Type", "Content-Length"}
    assert {name for name, _ in bare} == ours
    assert {name for name, _ in keyed} == {*ours, "Authorization"}
    assert dict(keyed)["Authorization"] == f"Bearer {KEY}"
    assert dict(bare)["Host"] == f"127.0.0.1:{server.server_port}"
    assert CANARY not in repr(server.seen)


@pytest.mark.parametrize("name", ["SECRET_KEY", "CANARY", "OPENAI_API_KEY", "K"])
def test_a_key_that_is_not_bound_to_the_address_is_not_sent_and_nothing_else_is(name):
    environment = dict.fromkeys(("SECRET_KEY", "CANARY", "OPENAI_API_KEY", "K"), CANARY)
    with recording() as server:
        access = access_to("https://api.openai.com/v1", keys=("OPENAI_API_KEY", "K"), environment=environment)
        fault = refusal(model_at(server.url, key_variable=name), access)
    assert (fault.kind, fault.stops, server.seen) == ("key_not_allowed", True, [])
    assert "an admin can do that in MODEL_KEYS" in fault.message
    assert name not in fault.message.replace("MODEL_KEYS", "").split()
    assert name in fault.detail
    assert CANARY not in fault.message + fault.detail


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status):
    with recording() as elsewhere, recording(status, {"Location": f"{elsewhere.url}/chat/completions"}, "") as server:
        access = access_to(server.url, environment={"K": KEY})
        fault = refusal(model_at(server.url, key_variable="K"), access)
    assert (fault.kind, fault.stops, elsewhere.seen) == ("redirect", True, [])
    assert f"sends calls elsewhere ({status})" in fault.message
    assert len(server.seen) == 1


def test_a_cookie_is_not_sent_back():
    async def twice(settings):
        client = open_client(settings, access_to())
        for _ in range(2):
            await client.complete([{"role": "user", "content": "Hello"}], 1.0, 1)
        await client.close()

    with recording(200, {"Set-Cookie": "track=1"}) as server:
        asyncio.run(twice(model_at(server.url)))
    assert len(server.seen) == 2
    assert "cookie" not in {name.lower() for _, headers, _ in server.seen for name, _ in headers}


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
def test_a_proxy_of_the_environment_is_not_used(monkeypatch, variable):
    with recording() as proxy, recording() as server:
        monkeypatch.setenv(variable, proxy.url.removesuffix("/v1"))
        ask(model_at(server.url), access_to())
    assert (len(server.seen), proxy.seen) == (1, [])


def test_a_proxy_of_the_settings_is_used_for_public_names_only():
    with recording() as proxy, recording() as server:
        access = access_to()
        object.__setattr__(access, "proxy", proxy.url.removesuffix("/v1"))
        ask(model_at("http://models.example/v1"), access)
        ask(model_at(server.url), access)
    assert [path for path, *_ in proxy.seen] == ["http://models.example/v1/chat/completions"]
    assert len(server.seen) == 1


def test_loopback_is_called_only_where_the_settings_allow_it(names):
    with recording() as server:
        names["models.example"] = [["127.0.0.1"]]
        literal = refusal(model_at(server.url), access_to(addresses=""))
        named = refusal(model_at(server.url.replace("127.0.0.1", "models.example")), access_to(addresses=""))
        assert server.seen == []
        ask(model_at(server.url.replace("127.0.0.1", "models.example")), access_to())
    assert {(fault.kind, fault.stops) for fault in (literal, named)} == {("address_not_allowed", True)}
    assert "models.example is not a public address or leads to one that is not" in named.message
    assert "127.0.0.1" not in named.message
    assert named.detail == "models.example leads to 127.0.0.1."
    assert len(server.seen) == 1


def test_a_name_that_leads_to_a_private_address_later_is_refused_then(names):
    with recording() as server:
        names["models.example"] = [["127.0.0.1"], ["10.0.0.1"], ["169.254.169.254"]]
        model = model_at(server.url.replace("127.0.0.1", "models.example"))
        ask(model, access_to())
        assert refusal(model, access_to()).detail == "models.example leads to 10.0.0.1."
        assert refusal(model, access_to()).detail == "models.example leads to 169.254.169.254."
    assert len(server.seen) == 1


@pytest.mark.parametrize("answers", [["8.8.8.8", "10.0.0.1"], ["10.0.0.1", "8.8.8.8"], ["2606:4700::1", "::1"]])
def test_a_name_with_one_address_that_is_not_allowed_is_refused_before_any_is_called(names, monkeypatch, answers):
    called = []

    class Network(httpcore2.AsyncNetworkBackend):
        async def connect_tcp(self, host, port, timeout=None, local_address=None, socket_options=None):
            called.append(host)
            raise httpcore2.ConnectError("counted")

    monkeypatch.setattr(checked, "AsyncioNetwork", Network)
    names["models.example"] = [answers]
    fault = refusal(model_at("https://models.example/v1"), access_to(addresses=""))
    assert (fault.kind, called) == ("address_not_allowed", [])


def test_the_address_that_was_checked_is_the_one_called(names, monkeypatch):
    """One look-up for a connection, whose answer is called by number: nobody is asked a second time."""
    called = []

    class Network(httpcore2.AsyncNetworkBackend):
        async def connect_tcp(self, host, port, timeout=None, local_address=None, socket_options=None):
            called.append((host, port))
            raise httpcore2.ConnectError("counted")

    monkeypatch.setattr(checked, "AsyncioNetwork", Network)
    names["models.example"] = [["8.8.8.8", "2606:4700::1"], ["127.0.0.1"]]
    fault = refusal(model_at("https://models.example/v1"), access_to(addresses=""))
    assert fault.kind == "connection"
    assert called == [("8.8.8.8", 443), ("2606:4700::1", 443)]
    assert names["asked"] == ["models.example"]


def test_tls_goes_on_to_verify_the_name(names, monkeypatch):
    """The stream is opened to the number and TLS begun with the name."""
    begun = []

    class Stream(httpcore2.AsyncNetworkStream):
        async def start_tls(self, ssl_context, server_hostname=None, timeout=None):
            begun.append((server_hostname, ssl_context.check_hostname, ssl_context.verify_mode.name))
            raise httpcore2.ConnectError("counted")

        async def aclose(self):
            pass

    class Network(httpcore2.AsyncNetworkBackend):
        async def connect_tcp(self, host, port, timeout=None, local_address=None, socket_options=None):
            return Stream()

    monkeypatch.setattr(checked, "AsyncioNetwork", Network)
    names["models.example"] = [["8.8.8.8"]]
    refusal(model_at("https://models.example/v1"), access_to(addresses=""))
    assert begun == [("models.example", True, "CERT_REQUIRED")]


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "127.1", "0177.0.0.1"])
def test_numbers_in_disguise_are_seen_for_what_they_are_when_connecting(host):
    """The system reads them all as 127.0.0.1; a base URL may not hold them in the first place."""
    with pytest.raises(AccessError):
        asyncio.run(CheckedNetwork(AddressRules.read("")).connect_tcp(host, 9, 5.0))
    assert refusal(model_at(f"http://{host}/v1"), access_to()).kind == "address_not_allowed"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("plain text that nobody but an admin shall see", "The answer is not JSON."),
        ('{"secret": "plain text that nobody but an admin shall see"}', "without choices[0].message"),
    ],
)
def test_what_an_address_says_is_told_apart_from_what_went_wrong(text, words):
    with recording(text=text) as server:
        fault = refusal(model_at(server.url), access_to())
    assert words in fault.message
    assert "shall see" not in fault.message
    assert "shall see" in fault.detail


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 409, 418, 422, 429, 500, 503])
def test_no_message_repeats_the_body_of_an_error(status):
    with recording(status, text='{"error": {"message": "the inner words"}}') as server:
        fault = refusal(model_at(server.url), access_to())
    assert f"({status})" in fault.message
    assert "inner words" not in fault.message
    assert "the inner words" in fault.detail


def test_what_is_no_http_is_not_repeated():
    async def banner(reader, writer):
        await reader.readuntil(b"}]")
        writer.write(b"SSH-2.0-inner words\r\n\r\n")
        await writer.drain()
        writer.close()

    async def serve_and_ask():
        async with await asyncio.start_server(banner, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            client = open_client(model_at(f"http://127.0.0.1:{port}/v1"), access_to())
            try:
                await client.complete([{"role": "user", "content": "Hello"}], 1.0, 1)
            finally:
                await client.close()

    with pytest.raises(CallError, match="it broke off, or what came is not HTTP") as caught:
        asyncio.run(serve_and_ask())
    assert "inner words" not in caught.value.message
    assert "inner words" in caught.value.detail


def test_who_does_not_listen_and_who_is_not_known_are_told_apart():
    with flip_endpoint() as endpoint:
        gone = settings_for(endpoint)
    assert refusal(gone, access_to()).message == f"No answer from {gone.base_url}: nothing listens there."
    unknown = refusal(model_at("http://no-such-host.invalid/v1"), access_to())
    assert unknown.message == "No answer from http://no-such-host.invalid/v1: the name is not known."


class Opened(httpcore2.AsyncNetworkStream):
    """A connection that knows whether it was closed."""

    def __init__(self):
        self.closed = False

    async def aclose(self):
        self.closed = True


def test_a_second_address_is_tried_while_the_first_one_hangs():
    good = Opened()

    async def hang():
        await asyncio.sleep(60)

    async def answer():
        return good

    assert asyncio.run(asyncio.wait_for(first_to_connect([hang, answer]), 5)) is good
    assert not good.closed


def test_of_two_connections_the_one_that_is_not_used_is_closed(monkeypatch):
    monkeypatch.setattr(checked, "STAGGER_SECONDS", 0.01)
    opened = []

    async def answer():
        with suppress(asyncio.CancelledError):  # the connection comes about all the same
            await asyncio.sleep(0.05)
        opened.append(Opened())
        return opened[-1]

    used = asyncio.run(first_to_connect([answer, answer]))
    assert [each.closed for each in opened if each is not used] == [True]
    assert not used.closed


def test_without_any_connection_the_last_fault_comes_out():
    async def fail(words):
        raise httpcore2.ConnectError(words)

    with pytest.raises(httpcore2.ConnectError, match="second"):
        asyncio.run(first_to_connect([lambda: fail("first"), lambda: fail("second")]))
    with pytest.raises(httpcore2.ConnectError, match="no address"):
        asyncio.run(first_to_connect([]))
