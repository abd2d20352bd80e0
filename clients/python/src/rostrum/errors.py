"""The one error type of this client, and how errors of gRPC become it."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol, cast, get_args

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2

ServiceReason = Literal[
    "INVALID_FIELD",
    "INVALID_PAGE_TOKEN",
    "INVALID_RESUME_TOKEN",
    "CLIENT_TIME_IN_FUTURE",
    "BATCH_TOO_LARGE",
    "LEADERBOARD_NOT_FOUND",
    "LEADERBOARD_ALREADY_EXISTS",
    "STANDING_NOT_FOUND",
    "SEASON_NOT_FOUND",
    "SEGMENT_NOT_FOUND",
    "LEADERBOARD_NOT_EMPTY",
    "NOT_SUPPORTED",
    "TOTAL_OUT_OF_RANGE",
    "RESUME_TOKEN_EXPIRED",
    "IDENTITY_MISSING",
    "ROLE_NOT_ALLOWED",
    "STORE_UNAVAILABLE",
    "SHUTTING_DOWN",
    "OVERLOADED",
    "WATCHER_TOO_SLOW",
    "INTERNAL",
    "TOO_MANY_WATCHES",
    "DEADLINE_EXCEEDED",
]
"""What the service documents in `rostrum/v1/error.proto`."""

ClientReason = Literal[
    "CLIENT_CLOSED",
    "CLIENT_FORKED",
    "WRONG_EVENT_LOOP",
    "INVALID_OPTIONS",
    "CERTIFICATE_FILE_MISSING",
    "CERTIFICATE_INVALID",
    "CERTIFICATE_REFUSED",
    "CONNECTION_FAILED",
    "MESSAGE_TOO_LARGE",
    "SERVER_NOT_READY",
    "STREAM_ENDED",
    "STREAM_FULL",
    "SUBMISSION_ID_REUSED",
    "SUBMISSIONS_FAILED",
    "VIEW_CLOSED",
]
"""What arises in this client; the README tells what each means."""

Reason = ServiceReason | ClientReason
SERVICE_REASONS: tuple[str, ...] = get_args(ServiceReason)

_DOMAIN = "rostrum.v1"
_OVERSIZE = re.compile(r"message larger than max \((\d+) vs\.? (\d+)\)", re.IGNORECASE)
_CUT_OFF = "RST_STREAM with error code 11"
"""What gRPC makes of a reset with ENHANCE_YOUR_CALM."""
_WRAPPED = re.compile(r"^(?:submission|leaderboard)\.")
_VIEWS = {
    "top.count": "top",
    "around.player_id": "around",
    "around.count": "count",
    "players.player_ids": "players",
}
_VIEW = re.compile("^(?:" + "|".join(re.escape(path) for path in _VIEWS) + ")")


@dataclass(frozen=True)
class FieldViolation:
    """One refused field: its path as the caller of this client writes it, and what is wrong."""

    field: str
    description: str


class RostrumError(Exception):
    """The error of every failed call. Decide on `reason` or `code`, never on the text."""

    code: grpc.StatusCode
    """The gRPC status code: how to react where the reason is not known."""
    reason: Reason | None
    """None where neither the service nor this client names a cause, as for a proxy's errors."""
    message: str
    """For people."""
    metadata: dict[str, str]
    """Values that the reason speaks of, such as `leaderboard_id`."""
    field_violations: tuple[FieldViolation, ...]
    """The refused fields, for INVALID_FIELD."""
    retry_after: float | None
    """How long the service asks to wait before trying again, in seconds."""

    def __init__(
        self,
        code: grpc.StatusCode,
        reason: Reason | None,
        message: str,
        *,
        metadata: Mapping[str, str] | None = None,
        field_violations: Iterable[FieldViolation] = (),
        retry_after: float | None = None,
    ) -> None:
        super().__init__(code, reason, message)
        self.code = code
        self.reason = reason
        self.message = message
        self.metadata = dict(metadata or {})
        self.field_violations = tuple(field_violations)
        self.retry_after = retry_after

    @property
    def request_id(self) -> str | None:
        """Under which the server's log has the cause of an INTERNAL error."""
        return self.metadata.get("request_id")

    def __str__(self) -> str:
        return f"{self.code.name} {self.reason or '(no reason)'}: {self.message}"


class _Status(Protocol):
    def code(self) -> grpc.StatusCode: ...
    def details(self) -> str | None: ...
    def trailing_metadata(self) -> object: ...


def from_rpc_error(error: grpc.RpcError) -> RostrumError:
    """The error of a call that was made with a channel of your own."""
    status = cast(_Status, error)
    code = status.code()
    text = status.details() or ""
    for key, value in cast(Iterable[tuple[str, bytes]], status.trailing_metadata() or ()):
        if key == "grpc-status-details-bin":
            try:
                details = status_pb2.Status.FromString(value)
            except DecodeError:
                break  # a proxy may put anything here; code and text still tell what happened
            converted = _with_details(code, text, details.details)
            if converted.reason is not None:
                return converted
    sizes = _OVERSIZE.search(text)
    if code is grpc.StatusCode.RESOURCE_EXHAUSTED and sizes:
        return message_too_large("a message was refused", int(sizes[1]), int(sizes[2]))
    if code is grpc.StatusCode.RESOURCE_EXHAUSTED and _CUT_OFF in text:
        # The status that says so waits behind the messages that nobody read, and is lost with them.
        text = "the server cut off a call whose answers were not read for too long"
        return RostrumError(grpc.StatusCode.ABORTED, "WATCHER_TOO_SLOW", text)
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return RostrumError(code, "DEADLINE_EXCEEDED", "the answer did not come before the deadline")
    return RostrumError(code, _local_reason(code, text), text or code.name)


def _local_reason(code: grpc.StatusCode, text: str) -> Reason | None:
    # Whoever cancels here sees CancelledError; otherwise a dying connection reset the stream.
    if code in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED):
        return "CONNECTION_FAILED"
    # The last one is what grpc.aio says of a message that was being written when its connection broke.
    resets = ("RST_STREAM", "Stream removed", "Internal error from Core")
    reset = any(each in text for each in resets)
    if reset and code in (grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN):
        return "CONNECTION_FAILED"
    return None


def from_status(status: status_pb2.Status) -> RostrumError:
    """The error of one item of a batch or stream."""
    codes = {code.value[0]: code for code in grpc.StatusCode}
    code = codes.get(status.code, grpc.StatusCode.UNKNOWN)
    return _with_details(code, status.message, status.details)


def _with_details(code: grpc.StatusCode, text: str, details: Iterable[AnyMessage]) -> RostrumError:
    reason: Reason | None = None
    metadata: dict[str, str] = {}
    violations: list[FieldViolation] = []
    retry_after: float | None = None
    info = error_details_pb2.ErrorInfo()
    bad = error_details_pb2.BadRequest()
    retry = error_details_pb2.RetryInfo()
    for detail in details:
        if detail.Unpack(info):
            if info.domain == _DOMAIN:
                reason = cast(Reason, info.reason)
                metadata = dict(info.metadata)
        elif detail.Unpack(bad):
            violations = [
                FieldViolation(field_path(each.field), each.description) for each in bad.field_violations
            ]
            for each in bad.field_violations:
                text = text.replace(f"{each.field}: ", f"{field_path(each.field)}: ")
        elif detail.Unpack(retry):
            retry_after = retry.retry_delay.ToTimedelta().total_seconds()
    if "field" in metadata:
        metadata["field"] = field_path(metadata["field"])
    return RostrumError(
        code,
        reason,
        text or code.name,
        metadata=metadata,
        field_violations=violations,
        retry_after=retry_after,
    )


def field_path(path: str) -> str:
    """The path of a field as callers of this client write it."""
    return _WRAPPED.sub("", _VIEW.sub(lambda match: _VIEWS[match[0]], path))


def client_closed() -> RostrumError:
    return RostrumError(grpc.StatusCode.CANCELLED, "CLIENT_CLOSED", "the client is closed")


def client_forked() -> RostrumError:
    return RostrumError(
        grpc.StatusCode.FAILED_PRECONDITION,
        "CLIENT_FORKED",
        "a client was used before the process was forked, and gRPC does not work in the child: use "
        "the first one after the fork, or start processes by spawn",
    )


def invalid_options(message: str) -> RostrumError:
    return RostrumError(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_OPTIONS", message)


def invalid_field(field: str, description: str) -> RostrumError:
    return RostrumError(
        grpc.StatusCode.INVALID_ARGUMENT,
        "INVALID_FIELD",
        f"{field}: {description}",
        metadata={"field": field},
        field_violations=[FieldViolation(field, description)],
    )


def message_too_large(refused: str, size: int, limit: int) -> RostrumError:
    return RostrumError(
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        "MESSAGE_TOO_LARGE",
        f"{refused}: {size} bytes are more than the limit of {limit}; send or ask for less at a "
        "time, or shorten metadata and names",
        metadata={"size": str(size), "limit": str(limit)},
    )
