"""Somebody with a browser that runs no scripts, at a web server in another process."""

import re
from html import unescape
from typing import Any

import httpx2
from django.contrib.auth.models import User
from django.test import Client


class Person:
    """Who opens pages and sends their forms. With `https` it is a browser behind the proxy: it speaks HTTPS to the
    proxy, which says so to the web server, and takes no cookie that would go over anything else."""

    def __init__(self, port: int, *, host: str = "localhost", https: bool = False) -> None:
        scheme = "https" if https else "http"
        self._http = httpx2.Client(
            base_url=f"http://127.0.0.1:{port}", timeout=60,
            headers={"Host": host, "X-Forwarded-Proto": scheme, "Referer": f"{scheme}://{host}/"},
        )  # fmt: skip
        self._https = https
        self._cookies: dict[str, str] = {}

    def enter(self, account: User) -> None:
        """Have a session of somebody, without a password: those of tests are hashed in a way of their own."""
        self._cookies["sessionid"] = session_of(account)

    def ask(self, method: str, path: str, **options: Any) -> httpx2.Response:
        """One request; no redirect is followed."""
        cookies = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        answer = self._http.request(method, path, headers={"Cookie": cookies}, **options)
        for line in answer.headers.get_list("set-cookie"):
            name, _, rest = line.partition("=")
            assert ("; Secure" in line) is self._https, "cookies are sent over HTTPS only"
            self._cookies[name] = rest.partition(";")[0]
        return answer

    def send(self, page: str, to: str = "", **fields: Any) -> httpx2.Response:
        """Open a page, and send a form of it with what is hidden in it and these fields: to the page, or elsewhere."""
        text = self.ask("GET", page).text
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', text)
        assert token, text[:2000]
        hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', _form_to(text, to)))
        return self.ask("POST", to or page, data={**hidden, **fields, "csrfmiddlewaretoken": token[1]})


def _form_to(text: str, address: str) -> str:
    """The form of a page that goes to an address; the whole page where it says none."""
    found = re.search(rf'<form[^>]* action="{re.escape(address)}".*?</form>', text, re.DOTALL)
    return found[0] if found and address else text


def session_of(account: User) -> str:
    """The cookie of a new session of somebody."""
    client = Client()
    client.force_login(account)
    return str(client.cookies["sessionid"].value)


def redirected(answer: httpx2.Response) -> str:
    """Where an answer leads to; fails with what a form has to say."""
    said = re.findall(r">([^<>]*(?:expected|Found|Choose)[^<>]*)<", answer.text)
    assert answer.status_code == 302, (answer.status_code, unescape(" ".join(said)))
    return answer.headers["location"]
