"""The agent of the conformance suite: obeys ../../conformance/PROTOCOL.md by means of the client."""

import asyncio
import contextlib
import importlib
import json
import math
import os
import sys
import threading
from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime
from typing import Any

import grpc
from google.protobuf import any_pb2, json_format
from google.protobuf.message import Message

import rostrum
from rostrum.v1 import score_pb2, watch_pb2

Json = dict[str, Any]


class Unsupported(Exception):
    """What cannot be done in this language."""


def tell(line: Json) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def to_json(message: Message) -> Json:
    return dict(json_format.MessageToDict(message, always_print_fields_with_no_presence=True))


def error_of(error: BaseException) -> Json:
    if isinstance(error, rostrum.RostrumError):
        told: Json = {
            "code": error.code.name,
            "reason": error.reason,
            "message": error.message,
            "metadata": error.metadata,
            "fieldViolations": [
                {"field": each.field, "description": each.description} for each in error.field_violations
            ],
            "retryAfterMs": None if error.retry_after is None else error.retry_after * 1000,
            "requestId": error.request_id,
        }
        return {key: value for key, value in told.items() if value is not None}
    if isinstance(error, asyncio.CancelledError):
        return {"cancelled": True, "message": "cancelled", "code": grpc.StatusCode.CANCELLED.name}
    return {"foreign": type(error).__name__, "message": str(error)}


def submission_of(given: Json) -> Json:
    """The keywords of `submit`, from the JSON form of ScoreSubmission."""
    numbers = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
    keywords: Json = {}
    for key, value in given.items():
        name = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in key)
        if name == "client_time" and isinstance(value, str):
            value = datetime.fromisoformat(value.replace("Z", "+00:00"))
        elif name in ("score", "subscore") and isinstance(value, str):
            value = numbers.get(value, value)
        elif name == "new_leaderboard":
            value = json_format.ParseDict(value, score_pb2.NewLeaderboard())
        keywords[name] = value
    keywords.setdefault("score", 0.0)  # proto3 leaves out what is 0
    return keywords


def call_options(options: Json) -> Json:
    keywords: Json = {}
    if "deadlineMs" in options:
        keywords["timeout"] = options["deadlineMs"] / 1000
    if "onDuplicate" in options:
        keywords["on_duplicate"] = options["onDuplicate"]
    return keywords


class Agent:
    def __init__(self) -> None:
        self.clients: dict[str, rostrum.Client] = {}
        self.streams: dict[str, rostrum.ScoreStream] = {}
        self.results: dict[str, asyncio.Queue[rostrum.ScoreFuture | rostrum.RostrumError]] = {}
        self.watches: dict[str, Any] = {}
        self.gates: dict[str, asyncio.Event] = {}
        self.views: dict[str, rostrum.LiveView] = {}
        self.tasks: dict[int, asyncio.Task[None]] = {}
        self.readers: dict[str, asyncio.Task[None]] = {}
        self.order: dict[str, asyncio.Lock] = {}

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        lines: asyncio.Queue[str] = asyncio.Queue()

        def read() -> None:
            for line in sys.stdin:
                loop.call_soon_threadsafe(lines.put_nowait, line)
            loop.call_soon_threadsafe(lines.put_nowait, "")

        threading.Thread(target=read, daemon=True).start()
        while line := await lines.get():
            request = json.loads(line)
            self.tasks[request["id"]] = loop.create_task(self.answer(request))
        for client in self.clients.values():
            await client.close()

    async def answer(self, request: Json) -> None:
        id_ = request["id"]
        try:
            name = request["op"].replace(".", "_")
            obey: Callable[[Json], Awaitable[Any]] | None = getattr(self, f"op_{name}", None)
            if obey is None:
                raise Unsupported(f"there is no op {request['op']}")
            thing = request.get("stream") or request.get("watch")
            if thing is None or request["op"] == "stream.end":
                ok = await obey(request)
            else:
                async with self.order.setdefault(thing, asyncio.Lock()):
                    ok = await obey(request)
            tell({"id": id_, "ok": ok if ok is not None else {}})
        except Unsupported as error:
            tell({"id": id_, "unsupported": str(error)})
        except BaseException as error:
            tell({"id": id_, "error": error_of(error)})
        finally:
            self.tasks.pop(id_, None)

    async def op_hello(self, _: Json) -> Json:
        return {"language": "python", "version": rostrum.__version__}

    async def op_connect(self, request: Json) -> None:
        options = request.get("options", {})
        os.environ.update(options.get("environment", {}))
        keywords: Json = {}
        if "address" in options:
            keywords["address"] = options["address"]
        if "tls" in options:
            given = options["tls"]
            parts = {
                part: given[part]["pem"].encode() if isinstance(given[part], dict) else given[part]
                for part in ("ca", "cert", "key")
                if part in given
            }
            keywords["tls"] = rostrum.Tls(**parts, server_name=given.get("serverName"))
        if "defaultDeadlineMs" in options:
            keywords["default_timeout"] = options["defaultDeadlineMs"] / 1000
        retry = options.get("retry")
        if retry is False:
            keywords["retry"] = False
        elif retry is not None:
            names = {"initialBackoffMs": "initial_backoff", "maxBackoffMs": "max_backoff"}
            each = {names[key]: value / 1000 for key, value in retry.items() if key in names}
            if "maxAttempts" in retry:
                each["max_attempts"] = retry["maxAttempts"]
            keywords["retry"] = rostrum.Retry(**each)
        self.clients[request["client"]] = rostrum.connect(**keywords)

    async def op_close(self, request: Json) -> None:
        await self.clients[request["client"]].close()

    async def op_submit(self, request: Json) -> Json:
        if request["submission"] is None:
            raise Unsupported("its fields are keywords")
        keywords = {**submission_of(request["submission"]), **call_options(request.get("options", {}))}
        task = asyncio.current_task()
        if request.get("options", {}).get("cancelled") and task is not None:
            task.cancel()  # takes effect where the client waits first
        return to_json(await self.clients[request["client"]].submit(**keywords))

    async def op_batch(self, request: Json) -> list[Json]:
        submissions = [rostrum.Submission(**submission_of(each)) for each in request["submissions"]]
        client = self.clients[request["client"]]
        items = await client.submit_batch(submissions, **call_options(request.get("options", {})))
        return [
            {"error": error_of(item)}
            if isinstance(item, rostrum.RostrumError)
            else {"ok": to_json(item)}
            for item in items
        ]

    async def op_call(self, request: Json) -> Any:
        service, method = request["method"].split("/")
        file = service.removesuffix("Service").lower()
        module = importlib.import_module(f"rostrum.v1.{file}_pb2_grpc")
        messages = importlib.import_module(f"rostrum.v1.{file}_pb2")
        stub = self.clients[request["client"]].stub(getattr(module, f"{service}Stub"))
        try:
            message = json_format.ParseDict(request["request"], getattr(messages, f"{method}Request")())
        except json_format.ParseError as error:
            raise Unsupported(f"a message cannot hold it: {error}") from error
        options = call_options(request.get("options", {}))
        answer = getattr(stub, method)(message, **options)
        if isinstance(answer, Coroutine):
            return to_json(await answer)
        return [to_json(each) async for each in answer]

    async def op_stream_open(self, request: Json) -> None:
        options = request.get("options", {})
        names = {
            "maxInFlight": "max_in_flight",
            "maxPending": "max_pending",
            "onDuplicate": "on_duplicate",
        }
        keywords = {names[key]: value for key, value in options.items() if key in names}
        if "giveUpAfterMs" in options:
            keywords["give_up_after"] = options["giveUpAfterMs"] / 1000
        keywords["on_error"] = lambda error, submission: None
        name = request["stream"]
        self.streams[name] = self.clients[request["client"]].stream(**keywords)
        self.results[name] = asyncio.Queue()
        self.readers[name] = asyncio.ensure_future(self.tell_results(name))

    async def tell_results(self, name: str) -> None:
        index = 0
        while True:
            answer = await self.results[name].get()
            event: Json = {"event": "result", "stream": name, "index": index}
            try:
                if isinstance(answer, rostrum.RostrumError):
                    raise answer
                tell({**event, "ok": to_json(await answer)})
            except BaseException as error:
                tell({**event, "error": error_of(error)})
            self.results[name].task_done()
            index += 1

    async def op_stream_submit(self, request: Json) -> None:
        submissions, callers = request["submissions"], request.get("callers", 1)
        each = (self.submit_all(request["stream"], submissions[at::callers]) for at in range(callers))
        await asyncio.gather(*each)

    async def submit_all(self, name: str, submissions: list[Json]) -> None:
        stream, results = self.streams[name], self.results[name]
        for given in submissions:
            try:
                results.put_nowait(stream.submit(**submission_of(given)))
            except rostrum.RostrumError as error:
                results.put_nowait(error)
            with contextlib.suppress(rostrum.RostrumError):
                await stream.ready()  # what made the stream fail is told by the next submission

    async def op_stream_end(self, request: Json) -> None:
        try:
            await self.streams[request["stream"]].end()
        finally:
            await self.results[request["stream"]].join()

    async def op_watch_open(self, request: Json) -> None:
        name, client = request["watch"], self.clients[request["client"]]
        keywords: Json = {
            "await_leaderboard": request.get("options", {}).get("awaitLeaderboard", False),
            "on_interrupted": lambda error, wait: tell(
                {"event": "interrupted", "watch": name, "error": error_of(error)}
            ),
            "on_live": lambda: tell({"event": "live", "watch": name}),
        }
        given = request["request"]
        if request["kind"] == "changes":
            players = given.get("playerIds", [])
            watch: Any = client.watch_changes(
                leaderboard_id=given.get("leaderboardId", ""),
                resume_token=given.get("resumeToken", ""),
                player_ids=players,
                **keywords,
            )
        else:
            watch = client.watch_standings(
                **view_of(given), resume_token=given.get("resumeToken", ""), **keywords
            )
        self.watches[name] = watch
        self.gates[name] = asyncio.Event()
        self.gates[name].set()
        self.readers[name] = asyncio.ensure_future(self.read_watch(name, watch))

    async def read_watch(self, name: str, watch: Any) -> None:
        try:
            while True:
                await self.gates[name].wait()
                try:
                    message = await anext(watch)
                except StopAsyncIteration:
                    break
                tell(watch_event(name, message))
        except asyncio.CancelledError:
            pass
        except Exception as error:
            tell({"event": "ended", "watch": name, "error": error_of(error)})
            return
        tell({"event": "ended", "watch": name})

    async def op_watch_pause(self, request: Json) -> None:
        self.gates[request["watch"]].clear()

    async def op_watch_resume(self, request: Json) -> None:
        self.gates[request["watch"]].set()

    async def op_watch_close(self, request: Json) -> None:
        reader = self.readers.pop(request["watch"])
        reader.cancel()
        await asyncio.wait([reader])
        await self.watches[request["watch"]].aclose()

    async def op_view_open(self, request: Json) -> None:
        name = request["view"]

        def on_state(state: str) -> None:
            event: Json = {"event": "state", "view": name, "state": state}
            view = self.views.get(name)
            if view is not None and view.error is not None:
                event["error"] = error_of(view.error)
            tell(event)

        tell({"event": "state", "view": name, "state": "connecting"})
        self.views[name] = self.clients[request["client"]].live_view(
            **view_of(request["request"]),
            await_leaderboard=request.get("options", {}).get("awaitLeaderboard", False),
            on_state=on_state,
        )

    async def op_view_ready(self, request: Json) -> None:
        await self.views[request["view"]].ready()

    async def op_view_read(self, request: Json) -> Json:
        view = self.views[request["view"]]
        told: Json = {
            "state": view.state,
            "standings": [to_json(each) for each in view.standings],
            "totalPlayers": view.total_players,
            "revision": str(view.revision),
        }
        if view.error is not None:
            told["error"] = error_of(view.error)
        return told

    async def op_view_close(self, request: Json) -> None:
        await self.views[request["view"]].aclose()

    async def op_cancel(self, request: Json) -> None:
        task = self.tasks.get(request["request"])
        if task is not None:
            task.cancel()

    async def op_special(self, request: Json) -> None:
        if request["name"] != "google-library":
            raise Unsupported(f"the agent knows nothing of {request['name']}")
        error_details = importlib.import_module("google.rpc.error_details_pb2")
        importlib.import_module("google.longrunning.operations_pb2")
        given = error_details.ErrorInfo(reason="REASON", domain="example.com")
        packed = any_pb2.Any()
        packed.Pack(given)
        read = error_details.ErrorInfo()
        if not packed.Unpack(read) or read != given:
            raise AssertionError(f"{given} was read as {read}")

    async def op_runtime(self, _: Json) -> Json:
        own = {*self.tasks.values(), *self.readers.values(), asyncio.current_task()}
        tasks = [task for task in asyncio.all_tasks() if task not in own]
        return {"open": {"tasks": len(tasks) - 1, "threads": threading.active_count() - 2}}


def view_of(given: Json) -> Json:
    """The keywords of a view, from the JSON form of WatchStandingsRequest."""
    keywords: Json = {"leaderboard_id": given.get("leaderboardId", "")}
    if "top" in given:
        keywords["top"] = given["top"].get("count", 0)
    if "around" in given:
        keywords["around"] = given["around"].get("playerId", "")
        keywords["count"] = given["around"].get("count")
    if "players" in given:
        keywords["players"] = given["players"].get("playerIds", [])
    if "minInterval" in given:
        keywords["min_interval"] = float(given["minInterval"].removesuffix("s"))
    return keywords


def watch_event(name: str, message: Any) -> Json:
    event: Json = {
        "event": "message",
        "watch": name,
        "revision": str(message.revision),
        "resumeToken": message.resume_token,
    }
    if isinstance(message, watch_pb2.WatchChangesResponse):
        kind = "changes" if message.changes else "checkpoint"
        changes = [to_json(each) for each in message.changes]
        return {**event, "type": kind, "changes": changes, "reset": message.reset}
    kind = message.WhichOneof("event") or "checkpoint"
    return {**event, "type": kind, **to_json(getattr(message, kind))}


if __name__ == "__main__":
    asyncio.run(Agent().run())
