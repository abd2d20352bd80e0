"""Watches: streams of messages that are opened again where they were."""

import asyncio
import contextlib
import math
from collections.abc import Callable
from typing import Any, Generic, Literal, TypeVar

import grpc
from grpc import aio

from rostrum.connection import Connection, encode
from rostrum.errors import RostrumError
from rostrum.settings import Backoff, check_callbacks, reopen_wait
from rostrum.v1 import watch_pb2

M = TypeVar("M", watch_pb2.WatchStandingsResponse, watch_pb2.WatchChangesResponse)
_TOKEN_REFUSED = ("INVALID_RESUME_TOKEN", "RESUME_TOKEN_EXPIRED")
State = Literal["connecting", "live", "interrupted", "closed"]


class Watch(Generic[M]):
    """The messages of one watch: `async for message in watch`.

    A lost watch is resumed after the last message that was taken, for as long as it takes. Nothing is
    read while nobody asks for the next message. One task at a time may ask; another one gets
    RuntimeError, as from any asynchronous generator. A task that is cancelled while it waits loses
    nothing: the next one who asks goes on. Leave it by `aclose`, or `async with`; one that is only
    dropped ends when Python collects it, or with the client.
    """

    def __init__(
        self,
        connection: Connection,
        path: str,
        request: watch_pb2.WatchStandingsRequest | watch_pb2.WatchChangesRequest,
        response: type[M],
        *,
        restartable: bool,
        await_leaderboard: bool,
        on_interrupted: Callable[[RostrumError, float], None] | None,
        on_live: Callable[[], None] | None,
    ) -> None:
        check_callbacks(on_interrupted=on_interrupted, on_live=on_live)
        connection.use()
        encode(request)
        self._connection = connection
        self._path = path
        self._request = request
        self._response: Any = response
        self._restartable = restartable
        self._await_leaderboard = await_leaderboard
        self.on_interrupted = on_interrupted
        self._on_live = on_live
        self._first_token = request.resume_token
        self._token = request.resume_token
        self._restarted = False
        self._state: State = "connecting"
        self._backoff = Backoff(connection.settings.retry)
        self._connect_by: float | None = None
        self._call: Any = None
        self._asked = False

    @property
    def resume_token(self) -> str:
        """Goes on after the last message that was taken."""
        return self._token

    @property
    def state(self) -> State:
        """`interrupted` from a loss until the next message."""
        return self._state

    def __aiter__(self) -> "Watch[M]":
        return self

    async def __anext__(self) -> M:
        """The next message.

        Raises what no retry can mend: LEADERBOARD_NOT_FOUND, INVALID_FIELD, TOO_MANY_WATCHES, …, and
        CONNECTION_FAILED where the first connection takes longer than the client's default timeout.
        """
        if self._asked:
            raise RuntimeError("another task waits for the next message of this watch already")
        if self._state == "closed":
            raise StopAsyncIteration
        self._asked = True
        try:
            return await self._next()
        except asyncio.CancelledError:
            self._drop()
            raise
        except BaseException:
            self._drop()
            self._state = "closed"
            raise
        finally:
            self._asked = False

    async def aclose(self) -> None:
        """Ends the watch."""
        self._state = "closed"
        self._drop()

    async def __aenter__(self) -> "Watch[M]":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def _drop(self) -> None:
        call, self._call = self._call, None
        if call is not None:
            with contextlib.suppress(RuntimeError):  # its event loop was closed, and it with it
                call.cancel()

    async def _next(self) -> M:
        loop = self._connection.use()
        if self._connect_by is None:
            self._connect_by = loop.time() + self._connection.settings.default_timeout
        while True:
            call: Any = None
            try:
                if self._call is None:
                    self._request.resume_token = self._token
                    self._call = self._connection.open(
                        "unary_stream",
                        self._path,
                        self._response.FromString,
                        encode(self._request),
                    )
                call = self._call
                message = await call.read()
                if message is not aio.EOF:
                    return self._take(message)
                failure: BaseException = _ended()
            except (aio.AioRpcError, asyncio.CancelledError) as error:
                failure = await self._connection.failure(error, call)
            self._drop()
            if self._state == "closed":
                raise StopAsyncIteration  # by aclose of another task
            if not isinstance(failure, RostrumError):
                raise failure
            await self._reopen(failure)

    def _take(self, message: M) -> M:
        self._connection.note_answer()
        self._backoff.reset()
        self._connect_by = math.inf
        self._token = message.resume_token or self._token
        if (
            self._restarted
            and isinstance(message, watch_pb2.WatchStandingsResponse)
            and message.HasField("snapshot")
        ):
            message.snapshot.reset = True
        self._restarted = False
        if self._state != "live":
            self._state = "live"
            if self._on_live is not None:
                self._on_live()
        return message

    async def _reopen(self, failure: RostrumError) -> None:
        least = reopen_wait(failure)
        used = self._token != self._first_token
        if self._restartable and used and failure.reason in _TOKEN_REFUSED:
            self._token = self._first_token = ""
            self._restarted = True
            least = 0.0
        if failure.reason == "CONNECTION_FAILED":
            explained = await self._connection.explain()
            if explained:
                failure, permanent = explained
                if permanent:
                    raise failure
        missing = failure.reason == "LEADERBOARD_NOT_FOUND"
        if self._await_leaderboard and self._state == "connecting" and missing:
            least = 0.0
            self._connect_by = math.inf  # the server has answered
        if least is None:
            raise failure
        wait = self._backoff.next(least)
        assert self._connect_by is not None
        if self._connection.use().time() + wait >= self._connect_by:
            raise failure
        if self._state == "live":
            self._state = "interrupted"
            if self.on_interrupted is not None:
                self.on_interrupted(failure, wait)
        await self._connection.sleep(wait)


def _ended() -> RostrumError:
    text = "the server ended the watch"
    return RostrumError(grpc.StatusCode.UNAVAILABLE, "CONNECTION_FAILED", text)
