"""What the generated stubs are made with: their calls over the channels of a client."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

from google.protobuf.message import Message
from grpc import aio

from rostrum.connection import Connection, encode

_READS = ("Get", "List", "BatchGet", "Ping")


class StubChannel:
    """The part of grpc.aio.Channel that generated stubs use.

    Unary calls have the client's default timeout and are retried as the README's table says; all fail
    with RostrumError. Streams have no deadline and are single attempts.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def unary_unary(
        self, path: str, request_serializer: Any, response_deserializer: Any, **_: Any
    ) -> Callable[..., Any]:
        name = path.rsplit("/", 1)[1]

        async def call(request: Message, *, timeout: float | None = None, **options: Any) -> Any:
            return await self._connection.call(
                path,
                response_deserializer,
                encode(request, request_serializer),
                repeatable=name.startswith(_READS),
                timeout=timeout,
                **options,
            )

        return call

    def unary_stream(
        self, path: str, request_serializer: Any, response_deserializer: Any, **_: Any
    ) -> Callable[..., Any]:
        def call(request: Message, **options: Any) -> AsyncIterator[Any]:
            return self._read(
                "unary_stream", path, response_deserializer, encode(request, request_serializer), options
            )

        return call

    def stream_stream(
        self, path: str, request_serializer: Any, response_deserializer: Any, **_: Any
    ) -> Callable[..., Any]:
        def call(requests: AsyncIterator[Message], **options: Any) -> AsyncIterator[Any]:
            async def encoded() -> AsyncIterator[bytes]:
                async for request in requests:
                    yield encode(request, request_serializer)

            return self._read("stream_stream", path, response_deserializer, encoded(), options)

        return call

    async def _read(
        self, kind: str, path: str, parse: Any, request: Any, options: dict[str, Any]
    ) -> AsyncIterator[Any]:
        call = self._connection.open(kind, path, parse, request, **options)
        try:
            async for message in call:
                self._connection.note_answer()
                yield message
        except (aio.AioRpcError, asyncio.CancelledError) as error:
            raise await self._connection.failure(error, call) from None
        finally:
            call.cancel()
