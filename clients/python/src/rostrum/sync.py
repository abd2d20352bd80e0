"""The client for code without asyncio: the same, with calls that wait.

`with rostrum.sync.connect() as client:`. It runs the asyncio client in a thread of its own, so it may
be shared among threads. Errors, arguments and results are those of `rostrum.Client`.
"""

import asyncio
import concurrent.futures
import functools
import os
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Sequence
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar, cast

import grpc

import rostrum.client
from rostrum.client import Client as AsyncClient
from rostrum.client import Submitted
from rostrum.errors import client_closed, client_forked
from rostrum.settings import Retry
from rostrum.stream import ScoreFuture
from rostrum.stream import ScoreStream as AsyncScoreStream
from rostrum.stubs import StubChannel
from rostrum.tls import Tls
from rostrum.v1 import score_pb2, watch_pb2
from rostrum.view import LiveView as AsyncLiveView
from rostrum.view import LiveViewUpdate, Standings
from rostrum.watch import State
from rostrum.watch import Watch as AsyncWatch

P = ParamSpec("P")
T = TypeVar("T")
M = TypeVar("M", watch_pb2.WatchStandingsResponse, watch_pb2.WatchChangesResponse)
A = TypeVar("A")
W = TypeVar("W")


class _Thread:
    """A thread with an event loop. All clients of a process share one, and the last one ends it."""

    _lock = threading.Lock()
    _shared: "_Thread | None" = None

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.users = 0
        self.pid = os.getpid()
        self.thread = threading.Thread(target=self._run, name="rostrum", daemon=True)
        self.thread.start()

    @classmethod
    def take(cls) -> "_Thread":
        with cls._lock:
            if cls._shared is None or cls._shared.pid != os.getpid():
                cls._shared = cls()
            cls._shared.users += 1
            return cls._shared

    def give_back(self) -> None:
        with self._lock:
            self.users -= 1
            if self.users > 0 or self.pid != os.getpid():
                return
            if _Thread._shared is self:
                _Thread._shared = None
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        try:
            self.loop.run_forever()
            self.loop.run_until_complete(self.loop.shutdown_asyncgens())
        finally:
            self.loop.close()

    def wait(self, begin: Callable[[], Awaitable[T]]) -> T:
        """Waits for what a function begins in the thread; Ctrl-C cancels it."""
        if self.pid != os.getpid():
            raise client_forked()
        if threading.current_thread() is self.thread:
            raise RuntimeError("a callback of a client may not call it: it would wait for itself")
        if self.loop.is_closed():
            raise client_closed()

        async def run() -> T:
            return await begin()

        future = asyncio.run_coroutine_threadsafe(run(), self.loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def call(self, function: Callable[[], T]) -> T:
        """Calls a function in the thread."""

        async def run() -> T:
            return function()

        return self.wait(run)


class _Face(Generic[A]):
    """What is behind it, and the thread that it runs in."""

    def __init__(self, thread: _Thread, inner: A) -> None:
        self._thread = thread
        self._inner = inner


F = TypeVar("F", bound=_Face[Any])


def _waits(
    method: Callable[Concatenate[A, P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate[_Face[A], P], T]:
    """The method of the asyncio class, which here waits until it is done."""

    @functools.wraps(method)
    def waiting(self: _Face[A], /, *args: P.args, **options: P.kwargs) -> T:
        return self._thread.wait(lambda: method(self._inner, *args, **options))

    return waiting


def _closes(method: Callable[[A], Coroutine[Any, Any, None]]) -> Callable[[_Face[A]], None]:
    """As `_waits`; where the client was closed before, nothing is left to do."""

    @functools.wraps(method)
    def closing(self: _Face[A]) -> None:
        if not self._thread.loop.is_closed():
            self._thread.wait(lambda: method(self._inner))

    return closing


def _makes(
    method: Callable[Concatenate[A, P], T], wrap: Callable[[_Thread, T], W]
) -> Callable[Concatenate[_Face[A], P], W]:
    """The method of the asyncio class; what it makes is wrapped."""

    @functools.wraps(method)
    def making(self: _Face[A], /, *args: P.args, **options: P.kwargs) -> W:
        made = self._thread.call(lambda: method(self._inner, *args, **options))
        return wrap(self._thread, made)

    return making


class _Future(concurrent.futures.Future[score_pb2.ScoreResult]):
    """The result of a submission in another thread; whoever asks for it here has asked there."""

    def __init__(self, thread: _Thread, inner: ScoreFuture) -> None:
        super().__init__()
        self._inner = inner
        self.set_running_or_notify_cancel()
        thread.loop.call_soon_threadsafe(inner.on_done, self._tell)

    def _tell(self, result: score_pb2.ScoreResult | None, error: BaseException | None) -> None:
        if error is not None:
            self.set_exception(error)
        else:
            self.set_result(cast(score_pb2.ScoreResult, result))

    def result(self, timeout: float | None = None) -> score_pb2.ScoreResult:
        self._inner.observed = True
        return super().result(timeout)

    def exception(self, timeout: float | None = None) -> BaseException | None:
        self._inner.observed = True
        return super().exception(timeout)

    def add_done_callback(self, fn: Callable[[Any], object]) -> None:
        self._inner.observed = True
        super().add_done_callback(fn)


def _iterate(thread: _Thread, inner: AsyncIterator[T]) -> Iterator[T]:
    try:
        while True:
            try:
                item = thread.wait(lambda: anext(inner))
            except StopAsyncIteration:
                return
            yield item
    finally:
        close = getattr(inner, "aclose", None)
        if close is not None and not thread.loop.is_closed():
            thread.wait(close)


class ScoreStream(_Face[AsyncScoreStream]):
    """Many submissions over one call; see `rostrum.ScoreStream`. `submit` gives a future."""

    submit = _makes(AsyncScoreStream.submit, _Future)
    send = _makes(AsyncScoreStream.send, _Future)
    ready = _waits(AsyncScoreStream.ready)
    end = _waits(AsyncScoreStream.end)
    abort = _closes(AsyncScoreStream.abort)

    @property
    def pending(self) -> int:
        return self._inner.pending

    @property
    def failed(self) -> int:
        return self._inner.failed

    def __enter__(self) -> "ScoreStream":
        return self

    def __exit__(self, *raised: Any) -> None:
        self._thread.wait(lambda: self._inner.__aexit__(*raised))


class Watch(_Face[AsyncWatch[Any]], Generic[M]):
    """The messages of one watch: `for message in watch`; see `rostrum.Watch`."""

    close = _closes(AsyncWatch.aclose)

    @property
    def resume_token(self) -> str:
        return self._inner.resume_token

    @property
    def state(self) -> State:
        return self._inner.state

    def __iter__(self) -> "Watch[M]":
        return self

    def __next__(self) -> M:
        try:
            return cast(M, self._thread.wait(self._inner.__anext__))
        except StopAsyncIteration:
            raise StopIteration from None

    def __enter__(self) -> "Watch[M]":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class LiveView(_Face[AsyncLiveView]):
    """A view that is kept current; see `rostrum.LiveView`."""

    ready = _waits(AsyncLiveView.ready)
    close = _closes(AsyncLiveView.aclose)

    @property
    def standings(self) -> Standings:
        return self._inner.standings

    @property
    def total_players(self) -> int:
        return self._inner.total_players

    @property
    def revision(self) -> int:
        return self._inner.revision

    @property
    def state(self) -> State:
        return self._inner.state

    @property
    def error(self) -> BaseException | None:
        return self._inner.error

    def __iter__(self) -> Iterator[LiveViewUpdate]:
        return _iterate(self._thread, self._inner.__aiter__())

    def __enter__(self) -> "LiveView":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _watch(thread: _Thread, inner: AsyncWatch[M]) -> Watch[M]:
    return Watch(thread, inner)


class _SyncStubChannel:
    """The part of grpc.Channel that generated stubs use, over that for asyncio."""

    def __init__(self, thread: _Thread, channel: StubChannel) -> None:
        self._thread = thread
        self._channel = channel

    def unary_unary(self, *args: Any, **options: Any) -> Callable[..., Any]:
        call = self._channel.unary_unary(*args, **options)
        return lambda request, **kw: self._thread.wait(lambda: call(request, **kw))

    def unary_stream(self, *args: Any, **options: Any) -> Callable[..., Any]:
        call = self._channel.unary_stream(*args, **options)
        return lambda request, **kw: _iterate(self._thread, call(request, **kw))

    def stream_stream(self, *args: Any, **options: Any) -> Callable[..., Any]:
        call = self._channel.stream_stream(*args, **options)

        async def each(requests: Iterator[Any]) -> AsyncIterator[Any]:
            for request in requests:
                yield request

        return lambda requests, **kw: _iterate(self._thread, call(each(requests), **kw))


class Client(_Face[AsyncClient]):
    """A client of one Rostrum service, made by `rostrum.sync.connect`; share one among threads."""

    submit = _waits(AsyncClient.submit)
    submit_batch = _waits(AsyncClient.submit_batch)
    wait_for_ready = _waits(AsyncClient.wait_for_ready)
    stream = _makes(AsyncClient.stream, ScoreStream)
    watch_standings = _makes(AsyncClient.watch_standings, _watch)
    watch_changes = _makes(AsyncClient.watch_changes, _watch)
    live_view = _makes(AsyncClient.live_view, LiveView)

    @property
    def address(self) -> str:
        return self._inner.address

    submit_all = _makes(AsyncClient.submit_all, _iterate)

    def stub(self, stub: Callable[[grpc.Channel], T]) -> T:
        """A generated stub over this client, with calls that wait; see `rostrum.Client.stub`."""
        channel = StubChannel(self._inner._connection)
        return stub(cast(grpc.Channel, _SyncStubChannel(self._thread, channel)))

    def close(self) -> None:
        """Ends all calls, streams and watches, with CLIENT_CLOSED; nothing is left running."""
        if self._inner._connection.closing or self._thread.pid != os.getpid():
            return
        try:
            self._thread.wait(self._inner.close)
        finally:
            self._thread.give_back()

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def connect(
    address: str | Sequence[str] | None = None,
    *,
    tls: Tls | None = None,
    default_timeout: float = 10.0,
    retry: Retry | bool = True,
) -> Client:
    """As `rostrum.connect`, for code without asyncio."""
    inner = rostrum.client.connect(address, tls=tls, default_timeout=default_timeout, retry=retry)
    return Client(_Thread.take(), inner)


__all__ = ["Client", "LiveView", "ScoreStream", "Submitted", "Watch", "connect"]
