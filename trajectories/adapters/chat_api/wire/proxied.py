"""Calls by way of a proxy: the openai client over its pools of connections, which know how to speak to one."""

import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, cast

import httpx2
import openai

from trajectories.adapters.chat_api.wire.transport import open_http
from trajectories.adapters.endpoints import EndpointAccess, EndpointUrl

NO_KEY = "none"


class ProxiedConnections:
    """As connections.Connections, for an endpoint that is reached by a proxy."""

    def __init__(self, url: EndpointUrl, key: str, access: EndpointAccess, *, calls: int, seconds: float) -> None:
        http = open_http(url, key, access, calls=calls, seconds=seconds)
        self._client = openai.AsyncOpenAI(
            api_key=NO_KEY,  # the client insists on one; the transport sends the real one
            base_url=str(url),
            max_retries=0,
            timeout=http.timeout,
            http_client=http,
        )

    async def post(self, path: str, content: bytes) -> AsyncGenerator[bytes, None]:
        """See connections.Connections."""
        try:
            # By the client's call for any address: that for completions walks through every argument value by value.
            response = await self._client.post(
                path,
                cast_to=httpx2.Response,
                body=json.loads(content),
                stream=True,
                stream_cls=openai.AsyncStream[Any],
            )
        except openai.APIConnectionError as fault:
            raise fault.__cause__ or fault from None
        async with aclosing(cast(httpx2.Response, response)) as answer:
            async for part in answer.aiter_bytes():
                yield part

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()
