"""An OpenID Connect provider on this machine, for tests: it says of whoever comes what it was told to say."""

import base64
import hashlib
import json
import secrets
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt

CLIENT, SECRET = "minicolumn", "the-secret-of-the-client"
KEY = "a key of the provider, long enough to sign with"


class IdentityProvider:
    """`person` is what it says of the next one who comes; `broken` names the step that fails: "discovery", "token",
    "userinfo", "stopped" (by the person) or "nonsense" (pages that are no JSON)."""

    def __init__(self) -> None:
        self.person: dict[str, Any] = {}
        self.broken = ""
        self.codes: dict[str, dict[str, str]] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, path: str, asked: dict[str, str], bearer: str) -> tuple[int, dict[str, Any] | str]:
        """Status and body, or status 302 and where to."""
        if path == "/.well-known/openid-configuration":
            return self._discovery()
        if path == "/authorize":
            return self._authorize(asked)
        if path == "/token":
            return self._token(asked)
        if path == "/userinfo" and bearer == "Bearer of-the-person" and self.broken != "userinfo":
            return 200, self.person
        return 500 if self.broken else 404, {"error": "nothing"}

    def _discovery(self) -> tuple[int, dict[str, Any] | str]:
        if self.broken == "discovery":
            return 500, {"error": "away"}
        if self.broken == "nonsense":
            return 200, {"issuer": self.address}
        names = {"authorization": "authorize", "token": "token", "userinfo": "userinfo"}
        ends = {f"{name}_endpoint": f"{self.address}/{path}" for name, path in names.items()}
        return 200, {"issuer": self.address, "jwks_uri": f"{self.address}/keys", **ends}

    def _authorize(self, asked: dict[str, str]) -> tuple[int, str]:
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        assert set(asked["scope"].split()) == {"openid", "profile", "email"}
        if self.broken == "stopped":
            said = {"error": "access_denied", "state": asked["state"]}
        else:
            code = secrets.token_hex(8)
            self.codes[code] = asked
            said = {"code": code, "state": asked["state"]}
        return 302, f"{asked['redirect_uri']}?{urlencode(said)}"

    def _token(self, asked: dict[str, str]) -> tuple[int, dict[str, Any]]:
        began = self.codes.pop(asked.get("code", ""), None)
        if began is None or asked.get("client_secret") != SECRET or self.broken == "token":
            return 400, {"error": "invalid_grant"}
        digest = hashlib.sha256(asked["code_verifier"].encode()).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != began["code_challenge"]:
            return 400, {"error": "invalid_grant"}
        now = int(time.time())
        told = {"iss": self.address, "aud": CLIENT, "iat": now, "exp": now + 60, "sub": self.person.get("sub", "")}
        return 200, {"access_token": "of-the-person", "token_type": "Bearer", "id_token": jwt.encode(told, KEY)}

    def _handler(provider) -> type[BaseHTTPRequestHandler]:  # noqa: N805 (the handler's own self is another one)
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                self._say(parts.path, parse_qs(parts.query))

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
                self._say(self.path, parse_qs(body))

            def _say(self, path: str, asked: dict[str, list[str]]) -> None:
                first = {name: values[0] for name, values in asked.items()}
                status, body = provider.answer(path, first, self.headers.get("Authorization", ""))
                data = b"" if isinstance(body, str) else json.dumps(body).encode()
                self.send_response(status)
                if isinstance(body, str):
                    self.send_header("Location", body)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: object) -> None:
                pass

        return Handler
