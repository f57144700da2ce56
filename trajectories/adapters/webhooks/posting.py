"""One message to one receiver: by a checked address, without redirects, bounded in time; its answer is not read."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

import httpcore2
import httpx2

from trajectories.adapters.endpoints import AccessError, EndpointAccess
from trajectories.adapters.endpoints.pools import open_pool, open_proxy
from trajectories.adapters.webhooks.addresses import read_receiver

SECONDS = 15.0
CONNECT_SECONDS = 5.0
LONGEST_RETRY = 86_400.0
"""A receiver that asks for a longer pause than a day gets one of a day."""
LONGEST_FAULT = 200


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a message. `status` is null where nothing answered, `fault` one sentence and "" where it arrived.

    `ends` says that nothing should be sent there any more: the receiver is gone, or the settings do not allow it.
    `retry_after` is for how many seconds the receiver asked to be left alone.
    """

    status: int | None
    fault: str
    seconds: float
    ends: bool = False
    retry_after: float = 0.0


def post(address: str, body: str, headers: Mapping[str, str], access: EndpointAccess) -> Answer:
    """Send a message. Never raises for what the receiver, the network or the settings do."""
    began = time.monotonic()

    def answer(fault: str, *, status: int | None = None, ends: bool = False, retry_after: float = 0.0) -> Answer:
        return Answer(status, fault, round(time.monotonic() - began, 3), ends, retry_after)

    try:
        status, wait = asyncio.run(_send(address, body, headers, access))
    except AccessError as fault:
        return answer(fault.message, ends=True)
    except (TimeoutError, httpcore2.TimeoutException):
        return answer(f"No answer came within {SECONDS:g} s.")
    except (httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.ProxyError, OSError) as fault:
        return answer(f"The receiver could not be reached: {str(fault)[:LONGEST_FAULT] or type(fault).__name__}.")
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return answer("", status=status)
    return answer(_why_not(status), status=status, ends=status == HTTPStatus.GONE, retry_after=wait)


async def _send(address: str, body: str, headers: Mapping[str, str], access: EndpointAccess) -> tuple[int, float]:
    """(status, seconds to wait as the receiver asks for). Raises AccessError, TimeoutError and faults of httpcore2."""
    receiver = read_receiver(address, access)
    url, content = receiver.url, body.encode()
    context = httpx2.create_ssl_context()
    proxy = access.proxy_for(url)
    pool = (
        open_proxy(proxy, context, connections=1, idle_seconds=0)
        if proxy
        else open_pool(access, context, idle_connections=0, idle_seconds=0)
    )
    sent = {
        "Host": url.authority,
        "User-Agent": "minicolumn",
        "Content-Type": "application/json",
        "Content-Length": str(len(content)),
        **headers,
    }
    call = httpcore2.Request(
        "POST",
        httpcore2.URL(
            scheme=url.scheme.encode(), host=url.host.encode(), port=url.port, target=receiver.target.encode()
        ),
        headers=[(name.encode(), value.encode()) for name, value in sent.items()],
        content=content,
        extensions={"timeout": {"connect": CONNECT_SECONDS, "read": SECONDS, "write": SECONDS, "pool": SECONDS}},
    )
    async with asyncio.timeout(SECONDS), pool:
        response = await pool.handle_async_request(call)
        await response.aclose()
    return response.status, _wait_of(response)


def _wait_of(response: httpcore2.Response) -> float:
    """The seconds of a Retry-After header; 0.0 for none, or for one that gives a date."""
    asked = next((value for name, value in response.headers if name.lower() == b"retry-after"), b"")
    return min(LONGEST_RETRY, float(asked)) if asked.isdigit() else 0.0


def _why_not(status: int) -> str:
    if status == HTTPStatus.GONE:
        return "The receiver answered 410: it is gone for good."
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        return f"The receiver answered {status}, a redirect, expected 200 to 299: no redirect is followed."
    return f"The receiver answered {status}, expected 200 to 299."
