"""The command `minicolumn mcp`: the tools for language models over standard input and output, or over HTTP.

With --url they ask an installation elsewhere; without it the one on this machine, in this process, by its database.
"""

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from typing import Any

import httpx2
from mcp.server.fastmcp import Context
from mcp.server.fastmcp.exceptions import ToolError
from mcp.server.transport_security import TransportSecuritySettings

from minicolumn.client import Client
from minicolumn.model_tools import WIDER, make_server

TOKEN = "MINICOLUMN_TOKEN"
BEARER = "bearer "


def main(arguments: Sequence[str]) -> None:
    """Serve until the client goes, or a signal comes."""
    given = _parser().parse_args(arguments)
    secret = os.environ.get(TOKEN, "")
    if not given.http and not secret:
        sys.exit(f"Found no {TOKEN}, expected a token made on the page “API tokens”.")
    with redirect_stdout(sys.stderr):  # the protocol is all that may go there
        url, transport = (given.url, None) if given.url else _this_installation()

    @contextmanager
    def connect(context: "Context[Any, Any, Any]") -> Iterator[Client]:
        asked_by = bearer_of(context) if given.http else secret
        with Client(url, asked_by, transport=transport) as client:
            yield client

    settings: dict[str, Any] = {"host": given.host, "port": given.port, "stateless_http": True, "json_response": True}
    if given.allow_host:
        settings["transport_security"] = TransportSecuritySettings(
            allowed_hosts=given.allow_host, allowed_origins=[f"https://{host}" for host in given.allow_host]
        )
    server = make_server(connect, allow=given.allow, **settings)
    server.run("streamable-http" if given.http else "stdio")


def bearer_of(context: "Context[Any, Any, Any]") -> str:
    """The token that a request over HTTP came with. Raises ToolError for none."""
    request = context.request_context.request
    header = "" if request is None else str(request.headers.get("authorization", ""))
    if not header.lower().startswith(BEARER):
        raise ToolError("Found no token, expected the header “Authorization: Bearer mc_…”.")
    return header[len(BEARER) :].strip()


def _this_installation() -> tuple[str, httpx2.BaseTransport]:
    """The address and the way to the installation of this machine, within this process."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
    from django.conf import settings
    from django.core.wsgi import get_wsgi_application

    from webapp.database import ensure_database

    try:
        ensure_database()
    except RuntimeError as error:
        sys.exit(str(error))
    application = get_wsgi_application()
    name = next((host for host in settings.ALLOWED_HOSTS if host != "*"), "localhost").lstrip(".")
    scheme = "https" if settings.SECURE_SSL_REDIRECT else "http"  # else every request would be redirected
    return f"{scheme}://{name}", httpx2.WSGITransport(app=application)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="minicolumn mcp", description=__doc__)
    parser.add_argument("--url", default="", help="an installation elsewhere, such as https://minicolumn.example.org")
    parser.add_argument(
        "--allow", action="append", default=[], choices=WIDER, help="offer tools beyond reading; the token must reach"
    )
    parser.add_argument("--http", action="store_true", help="serve HTTP at /mcp; each request brings its own token")
    parser.add_argument("--host", default="127.0.0.1", help="where to listen (127.0.0.1)")
    parser.add_argument("--port", type=int, default=8001, help="the port to listen on (8001)")
    parser.add_argument(
        "--allow-host", action="append", default=[], metavar="NAME", help="a name that it is reached by, with its port"
    )
    return parser
