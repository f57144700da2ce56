"""Pools of connections to one endpoint: over the checked network, or by the proxy that the settings name."""

import ssl

import httpcore2
import httpx2

from trajectories.adapters.endpoints.access import EndpointAccess
from trajectories.adapters.endpoints.network import CheckedNetwork


def open_pool(
    access: EndpointAccess, context: ssl.SSLContext, *, idle_connections: int, idle_seconds: float
) -> httpcore2.AsyncConnectionPool:
    """A pool whose every connection goes to an address that the settings allow. It follows no proxy."""
    return httpcore2.AsyncConnectionPool(
        ssl_context=context,
        max_connections=None,
        max_keepalive_connections=idle_connections,
        keepalive_expiry=idle_seconds,
        network_backend=CheckedNetwork(access.addresses),
    )


def open_proxy(
    proxy: str, context: ssl.SSLContext, *, connections: int, idle_seconds: float
) -> httpcore2.AsyncConnectionPool:
    """A pool of a proxy's connections; the proxy then decides what may be reached."""
    parts = httpx2.Proxy(proxy)
    url = parts.url
    return httpcore2.AsyncHTTPProxy(
        proxy_url=httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
        proxy_auth=parts.raw_auth,
        ssl_context=context,
        max_connections=connections,
        max_keepalive_connections=connections,
        keepalive_expiry=idle_seconds,
    )
