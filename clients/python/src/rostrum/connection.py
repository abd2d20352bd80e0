"""The channels of a client: single attempts at calls, retries, and the end of all of it."""

import asyncio
import contextlib
import itertools
import math
import os
import re
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any, TypeVar, cast

import grpc
from google.protobuf.message import Message
from grpc import aio

from rostrum.channels import MAX_REQUEST_BYTES, Channels
from rostrum.diagnosis import Diagnosis, cannot_reach, diagnose, expired_certificate
from rostrum.errors import (
    RostrumError,
    client_closed,
    client_forked,
    from_rpc_error,
    invalid_field,
    invalid_options,
    message_too_large,
)
from rostrum.settings import Backoff, Settings, retry_wait
from rostrum.unsure import Attempts, may_be_done_after

M = TypeVar("M")

_WATCHES_TOGETHER = 500
"""So many watches share a connection; a server takes 1,000 calls on one."""
_CERTAIN_AFTER = 3
"""So many doubtful diagnoses in a row count as certain: a dying server does not do that."""
_NOT_CONNECTED = re.compile(
    r"failed to connect to all addresses|connections to all backends failing|DNS resolution failed"
)
_CLOSE_SECONDS = 5.0
_FOR_EVER = 1e9
"""A timeout of so many seconds, thirty years, is none; gRPC cannot count much further."""


class Connection:
    """The channels of one client. Belongs to the event loop in which it is used first."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.closing = False
        self.on_close: set[Callable[[], Coroutine[Any, Any, None]]] = set()
        self._pid = os.getpid()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._channels: Channels | None = None
        self._for_watches: list[Channels] = []
        self._retired: list[Channels] = []
        """With calls that began before certificates were renewed."""
        self._sleepers: set[asyncio.Future[None]] = set()
        self._answered = False
        self._was_renewed = False
        self._diagnosis: asyncio.Task[Diagnosis | None] | None = None
        self._doubts = 0
        self._closed: asyncio.Task[None] | None = None

    def use(self) -> asyncio.AbstractEventLoop:
        """Looks whether a call can be made here and now.

        Raises CLIENT_CLOSED, CLIENT_FORKED, WRONG_EVENT_LOOP.
        """
        if self._loop is not None and self._pid != os.getpid():
            raise client_forked()
        if self.closing:
            raise client_closed()
        loop = asyncio.get_running_loop()
        if self._loop is None:
            _refuse_after_fork()
            self._pid = os.getpid()
            self._channels = Channels(self.settings)
            self._loop = loop
        elif self._loop is not loop:
            ended = "has ended" if self._loop.is_closed() else "is not this one"
            raise RostrumError(
                grpc.StatusCode.FAILED_PRECONDITION,
                "WRONG_EVENT_LOOP",
                f"this client belongs to the event loop of its first call, which {ended}; "
                "connect in each event loop",
            )
        return loop

    @property
    def is_ready(self) -> bool:
        """Whether there is a connection now; begins to connect where there is none."""
        return self._channels is not None and self._channels.is_ready

    def open(
        self, kind: str, path: str, parse: Callable[[bytes], Any], *args: Any, **options: Any
    ) -> Any:
        """Begins a call of one kind (`unary_unary`, …)."""
        self.use()
        self._take_renewed_certificates()
        assert self._channels is not None
        channels = self._room_for_a_watch() if kind == "unary_stream" else self._channels
        return channels.open(kind, path, parse, *args, **options)

    def _take_renewed_certificates(self) -> None:
        """Calls that begin from now on are made with what the files hold now."""
        renewed = self.settings.tls.renewed()
        if renewed is None or self._channels is None:
            return
        before = [*self._retired, self._channels, *self._for_watches]
        self._retired = [channels for channels in before if channels.calls]
        self.settings = replace(self.settings, tls=renewed)
        self._channels, self._for_watches = Channels(self.settings), []
        self._answered, self._was_renewed = False, True

    def _room_for_a_watch(self) -> Channels:
        """Watches have channels of their own.

        A server takes 1,000 calls on a connection, and one more waits there, without a word, until
        another has ended.
        """
        for channels in self._for_watches:
            if len(channels.calls) < _WATCHES_TOGETHER:
                return channels
        channels = Channels(self.settings)
        self._for_watches.append(channels)
        return channels

    async def attempt(
        self,
        path: str,
        parse: Callable[[bytes], M],
        payload: bytes,
        deadline: float,
        *,
        attempts: Attempts | None = None,
        **kw: Any,
    ) -> M:
        """Makes one attempt at a unary call; `deadline` is a time of the event loop."""
        loop = self.use()
        timeout = None if deadline == math.inf else max(0.0, deadline - loop.time())
        call = self.open("unary_unary", path, parse, payload, timeout=timeout, **kw)
        was_ready = attempts is not None and self.is_ready
        try:
            answer = await call
        except (aio.AioRpcError, asyncio.CancelledError) as error:
            sent = attempts is not None and _was_sent(error, was_ready or self.is_ready)
            failure = await self.failure(error, call)
            if attempts is not None and sent and isinstance(failure, RostrumError):
                attempts.may_be_done = may_be_done_after(failure, before=attempts.may_be_done)
            raise failure from None
        self._answered = True
        return cast(M, answer)

    async def failure(self, error: BaseException, call: Any) -> BaseException:
        """What a call fails with: CancelledError only where the caller's own task was cancelled."""
        if isinstance(error, asyncio.CancelledError):
            return client_closed() if self.closing and not _is_cancelling() else error
        if self.closing:
            return client_closed()
        if not isinstance(error, aio.AioRpcError):
            return error
        converted = from_rpc_error(error)
        if converted.reason not in ("CONNECTION_FAILED", "DEADLINE_EXCEEDED"):
            self._answered = True
        details = error.details() or ""
        if converted.reason == "CONNECTION_FAILED" and _NOT_CONNECTED.search(details):
            code = "ECONNREFUSED" if "refused" in details.lower() else "no connection"
            return cannot_reach(self.settings.address, "ENOTFOUND" if "DNS" in details else code)
        return converted

    def note_answer(self) -> None:
        """Notes that a server let this client in."""
        self._answered = True

    async def explain(self) -> tuple[RostrumError, bool] | None:
        """Why a connection fails that never worked, and whether no retry can mend it."""
        if self.closing:
            return None
        if self._answered:  # what worked comes back, unless its time is over
            expired = expired_certificate(self.settings)
            return (expired, False) if expired else None
        if self._diagnosis is None or self._diagnosis.done():
            self._diagnosis = asyncio.get_running_loop().create_task(diagnose(self.settings))
        diagnosis = await asyncio.shield(self._diagnosis)
        if diagnosis is None:
            return None
        self._doubts = self._doubts + 1 if diagnosis.mendable == "doubtful" else 0
        certain = diagnosis.mendable == "no" or self._doubts >= _CERTAIN_AFTER
        # What was renewed once can be renewed again: it is no reason to give up what ran before.
        return diagnosis.error, certain and not self._was_renewed

    async def sleep(self, seconds: float) -> None:
        """Waits; ends with CLIENT_CLOSED when the client is closed meanwhile."""
        loop = self.use()
        future = loop.create_future()
        timer = loop.call_later(seconds, _wake, future)
        self._sleepers.add(future)
        try:
            await future
        finally:
            timer.cancel()
            self._sleepers.discard(future)

    def timeout(self, timeout: float | None) -> float:
        """The time of the event loop when a call must end. Raises INVALID_OPTIONS."""
        seconds = self.settings.default_timeout if timeout is None else timeout
        if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or seconds != seconds:
            raise invalid_options(f"timeout must be a number of seconds, not {timeout!r}")
        return self.use().time() + (seconds if seconds < _FOR_EVER else math.inf)

    async def call(
        self,
        path: str,
        parse: Callable[[bytes], M],
        payload: bytes,
        *,
        repeatable: bool,
        timeout: float | None,
        **options: Any,
    ) -> M:
        """Makes a unary call, and tries again until its deadline where that can help."""
        deadline = self.timeout(timeout)
        loop = self.use()
        backoff = Backoff(self.settings.retry)
        last: RostrumError | None = None
        for attempt in itertools.count(1):
            try:
                if not repeatable and not self.is_ready:
                    await self._connect(deadline)
                return await self.attempt(path, parse, payload, deadline, **options)
            except RostrumError as error:
                failure = error
            if failure.reason == "CLIENT_CLOSED":
                raise failure
            if failure.reason == "DEADLINE_EXCEEDED":
                raise await self._out_of_time(failure, last)
            wait = retry_wait(failure, repeatable=repeatable)
            if failure.reason == "CONNECTION_FAILED":
                explained = await self.explain()
                if explained:
                    failure, permanent = explained
                    if permanent:
                        raise failure
            if wait is None or attempt >= self.settings.retry.max_attempts:
                raise failure
            pause = backoff.next(wait)
            if loop.time() + pause >= deadline:
                raise failure
            last = failure
            await self.sleep(pause)
        raise AssertionError("unreachable")

    async def _connect(self, deadline: float) -> None:
        """A call that must not be sent twice is not sent into a connection that may be dead."""
        remaining = deadline - self.use().time()
        try:
            await self.call(
                "/grpc.health.v1.Health/Check", bytes, b"", repeatable=True, timeout=remaining
            )
        except RostrumError:
            # Whatever a server answers, it has been reached, and the call itself tells the rest.
            if not self.is_ready:
                raise

    async def _out_of_time(self, failure: RostrumError, last: RostrumError | None) -> RostrumError:
        if last is None:
            explained = await self.explain()
            return explained[0] if explained else failure
        if last.reason in ("CONNECTION_FAILED", "CERTIFICATE_REFUSED") and not self.is_ready:
            return last  # the last attempt waited in vain for a connection
        if last.reason == "STORE_UNAVAILABLE":
            return last
        message = f"{failure.message}; the attempt before it: {last.message}"
        return RostrumError(failure.code, failure.reason, message)

    def cancel(self, task: asyncio.Task[None]) -> None:
        """Cancels a task; one whose event loop was closed goes on no more anyway."""
        if not task.get_loop().is_closed():
            task.cancel()

    async def ended(self, task: asyncio.Task[None]) -> None:
        """Waits until a task has ended."""
        if not task.done() and not task.get_loop().is_closed():
            await asyncio.wait([task])

    async def close(self) -> None:
        """Ends every call, and resolves when all have ended and the connections are down."""
        if self._pid != os.getpid() or (self._loop is not None and self._loop.is_closed()):
            self.closing = True
            self._channels, self._for_watches, self._retired = None, [], []
            return
        if self._loop is None or self._closed is not None:
            self.closing = True
            if self._closed is not None:
                await asyncio.shield(self._closed)
            return
        self.use()
        self.closing = True
        self._closed = self._loop.create_task(self._close())
        await asyncio.shield(self._closed)

    async def _close(self) -> None:
        for sleeper in list(self._sleepers):
            if not sleeper.done():
                sleeper.set_exception(client_closed())
        if self._diagnosis is not None:
            self._diagnosis.cancel()
            await asyncio.wait([self._diagnosis])
        assert self._channels is not None
        opened = [self._channels, *self._for_watches, *self._retired]
        for call in [call for channels in opened for call in channels.calls]:
            call.cancel()
        # What follows a call ends with it, and opens no other.
        for end in list(self.on_close):
            await end()
        with contextlib.suppress(asyncio.TimeoutError):
            closing = asyncio.gather(*(channels.close() for channels in opened))
            await asyncio.wait_for(closing, _CLOSE_SECONDS)


def _was_sent(error: BaseException, had_connection: bool) -> bool:
    """Whether a call that failed so may have reached a server."""
    if not isinstance(error, aio.AioRpcError) or error.code() is grpc.StatusCode.DEADLINE_EXCEEDED:
        return had_connection  # it may have waited for one until the end
    return not _NOT_CONNECTED.search(error.details() or "")


_used_by: int | None = None
"""The process that was the first to use gRPC: in its children it would hang, or crash."""


def _refuse_after_fork() -> None:
    global _used_by
    _used_by = _used_by or os.getpid()
    if _used_by != os.getpid():
        raise client_forked()


def encode(request: Message, serialize: Callable[[Any], bytes] | None = None) -> bytes:
    """Raises INVALID_FIELD for what cannot be encoded, MESSAGE_TOO_LARGE.

    `serialize`: that of the message which it must be; any other raises TypeError.
    """
    try:
        payload = serialize(request) if serialize else request.SerializeToString()
    except ValueError as error:
        raise invalid_field("", f"the request cannot be encoded: {error}") from error
    if len(payload) > MAX_REQUEST_BYTES:
        raise message_too_large("the request is not sent", len(payload), MAX_REQUEST_BYTES)
    return payload


def _wake(sleeper: asyncio.Future[None]) -> None:
    if not sleeper.done():
        sleeper.set_result(None)


def _is_cancelling() -> bool:
    """Whether the present task is being cancelled; before Python 3.11 that cannot be told."""
    task = asyncio.current_task()
    cancelling = getattr(task, "cancelling", None)
    return cancelling is not None and cancelling() > 0
