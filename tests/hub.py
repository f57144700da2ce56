"""A hub of data sets on this machine: the few requests of the Hugging Face Hub that a push makes."""

import base64
import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "hf_a-key-for-tests"
COMMIT = "c0ffee" * 6 + "c0ff"


@dataclass
class Hub:
    """What the hub holds: repositories with their files, and how it answers. `large` bytes and more go as objects."""

    url: str = ""
    large: int = 1000
    faults: dict[str, int] = field(default_factory=dict)
    """Status to answer requests with whose path contains the word."""
    odd: str = ""
    """A word of paths that are answered with what makes no sense."""
    repositories: dict[str, dict[str, bytes]] = field(default_factory=dict)
    private: dict[str, bool] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)
    objects: dict[str, bytes] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)


class _Handler(BaseHTTPRequestHandler):
    hub: Hub

    def log_message(self, *_: Any) -> None:
        pass

    def do_PUT(self) -> None:
        self.hub.objects[self.path.rsplit("/", 1)[1]] = self._body()
        self._answer({})

    def do_POST(self) -> None:
        self.hub.asked.append((self.path, self.headers.get("Authorization", "")))
        body = self._body()
        for word, status in self.hub.faults.items():
            if word in self.path:
                self._answer({"error": "refused"}, status)
                return
        if self.hub.odd and self.hub.odd in self.path:
            self._answer({"odd": True})
        elif self.headers.get("Authorization") != f"Bearer {KEY}":
            self._answer({"error": "who are you?"}, 401)
        else:
            self._serve(body)

    def _serve(self, body: bytes) -> None:
        found = re.fullmatch(r"/(?:api/)?datasets/([^/]+/[^/]+?)(?:\.git)?/(preupload|commit|info)/.*", self.path)
        if self.path == "/api/repos/create":
            self._create(json.loads(body))
        elif self.path == "/api/validate-yaml":
            self._answer({"errors": [], "warnings": []})
        elif found and found[2] == "preupload":
            files = [
                {
                    "path": file["path"],
                    "uploadMode": "lfs" if file["size"] >= self.hub.large else "regular",
                    "shouldIgnore": False,
                }
                for file in json.loads(body)["files"]
            ]
            self._answer({"files": files})
        elif found and found[2] == "info":
            objects = [
                {**each, "actions": {"upload": {"href": f"{self.hub.url}/objects/{each['oid']}"}}}
                for each in json.loads(body)["objects"]
            ]
            self._answer({"transfer": "basic", "objects": objects})
        elif found:
            self._commit(found[1], body)
        else:
            self._answer({"error": "not found"}, 404)

    def _create(self, asked: dict[str, Any]) -> None:
        name = f"{asked['organization']}/{asked['name']}"
        known = name in self.hub.repositories
        self.hub.repositories.setdefault(name, {})
        self.hub.private.setdefault(name, asked.get("visibility") == "private")
        self._answer({"url": f"{self.hub.url}/datasets/{name}"}, 409 if known else 200)

    def _commit(self, name: str, body: bytes) -> None:
        files: dict[str, bytes] = {}
        for line in map(json.loads, body.splitlines()):
            value = line["value"]
            if line["key"] == "header":
                self.hub.messages.append(value["summary"])
            elif line["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                files[value["path"]] = self.hub.objects[value["oid"]]
                assert hashlib.sha256(files[value["path"]]).hexdigest() == value["oid"]
        self.hub.repositories[name].update(files)
        address = f"{self.hub.url}/datasets/{name}/commit/{COMMIT}"
        self._answer({"success": True, "commitOid": COMMIT, "commitUrl": address, "hookOutput": ""})

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _answer(self, value: Any, status: int = 200) -> None:
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@contextmanager
def running_hub(**values: Any) -> Iterator[Hub]:
    """A hub that listens on this machine until the end."""
    hub = Hub(**values)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": hub}))
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
