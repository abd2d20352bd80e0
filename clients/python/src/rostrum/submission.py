"""What a caller submits, checked and made a message of the contract."""

import math
import numbers
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import Literal, TypeAlias

import grpc
from google.protobuf import json_format
from google.protobuf.message import DecodeError
from google.protobuf.struct_pb2 import ListValue, Struct, Value

from rostrum.errors import RostrumError, from_status, invalid_field, invalid_options
from rostrum.v1 import score_pb2

Json: TypeAlias = bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"] | None
OnDuplicate = Literal["reject", "resolve"]
_EXACT = 2**53


@dataclass(frozen=True, kw_only=True)
class Submission:
    """One score of one player. The contract (`score.proto`) has ranges and defaults."""

    leaderboard_id: str
    player_id: str
    score: float
    subscore: float = 0.0
    submission_id: str | None = None
    """What makes sending it again harmless. Default: a random one."""
    client_time: datetime | None = None
    """When the score was made: with a time zone. Default: the time of arrival."""
    display_name: str | None = None
    metadata: Mapping[str, Json] | None = None
    new_leaderboard: score_pb2.NewLeaderboard | None = None
    """Settings of the leaderboard in case this creates it."""

    def with_id(self) -> "Submission":
        """The same with an id, so that it can be sent again, also by another process."""
        return self if self.submission_id else replace(self, submission_id=str(uuid.uuid4()))

    @classmethod
    def from_message(cls, message: score_pb2.ScoreSubmission) -> "Submission":
        """The opposite of `to_message`, for submissions that were stored."""
        has = message.HasField
        return cls(
            leaderboard_id=message.leaderboard_id,
            player_id=message.player_id,
            score=message.score,
            subscore=message.subscore,
            submission_id=message.submission_id or None,
            client_time=message.client_time.ToDatetime(timezone.utc) if has("client_time") else None,
            display_name=message.display_name or None,
            metadata=json_format.MessageToDict(message.metadata) if has("metadata") else None,
            new_leaderboard=message.new_leaderboard if has("new_leaderboard") else None,
        )

    def to_message(self, path: str = "") -> score_pb2.ScoreSubmission:
        """Raises INVALID_FIELD. An id is made where none is given."""
        message = score_pb2.ScoreSubmission(
            leaderboard_id=check_text(self.leaderboard_id, f"{path}leaderboard_id"),
            player_id=check_text(self.player_id, f"{path}player_id"),
            score=_number(self.score, f"{path}score"),
            subscore=_number(self.subscore, f"{path}subscore"),
            submission_id=_optional_text(self.submission_id, f"{path}submission_id")
            or str(uuid.uuid4()),
            display_name=_optional_text(self.display_name, f"{path}display_name"),
        )
        if self.client_time is not None:
            _set_time(message, self.client_time, f"{path}client_time")
        if self.metadata is not None:
            if not isinstance(self.metadata, Mapping):
                raise invalid_field(f"{path}metadata", f"must be a dict, {_not(self.metadata)}")
            try:
                message.metadata.CopyFrom(_struct(self.metadata, f"{path}metadata"))
            except (RecursionError, DecodeError):
                raise invalid_field(f"{path}metadata", "is nested too deeply") from None
        if self.new_leaderboard is not None:
            if not isinstance(self.new_leaderboard, score_pb2.NewLeaderboard):
                raise invalid_field(
                    f"{path}new_leaderboard",
                    f"must be a score_pb2.NewLeaderboard, {_not(self.new_leaderboard)}",
                )
            message.new_leaderboard.CopyFrom(self.new_leaderboard)
        return message


def _not(value: object) -> str:
    return "not None" if value is None else f"not {type(value).__name__}"


def check_submission(value: object, path: str = "") -> Submission:
    """Raises INVALID_FIELD for anything else."""
    if not isinstance(value, Submission):
        raise invalid_field(path, f"must be a rostrum.Submission, {_not(value)}")
    return value


def check_text(value: object, path: str) -> str:
    """Raises INVALID_FIELD for what cannot be sent as text."""
    if not isinstance(value, str):
        raise invalid_field(path, f"must be a str, {_not(value)}")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise invalid_field(path, "holds a lone surrogate, which is no text") from None
    return value


def _optional_text(value: object, path: str) -> str:
    return "" if value is None else check_text(value, path)


def _number(value: object, path: str) -> float:
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise invalid_field(path, f"must be a number, {_not(value)}")
    try:
        return float(value)
    except OverflowError:
        raise invalid_field(path, "is too large for a number of double precision") from None


def _set_time(message: score_pb2.ScoreSubmission, time: object, path: str) -> None:
    if not isinstance(time, datetime):
        raise invalid_field(path, f"must be a datetime, {_not(time)}")
    if time.utcoffset() is None:
        raise invalid_field(path, "must have a time zone: datetime.now(timezone.utc), or .astimezone()")
    try:
        message.client_time.FromDatetime(time)
    except (ValueError, OverflowError) as error:
        raise invalid_field(path, str(error)) from None


def _struct(value: Mapping[str, Json], path: str) -> Struct:
    struct = Struct()
    for key, item in value.items():
        name = check_text(key, f"{path} (a key)")
        struct.fields[name].CopyFrom(_value(item, f"{path}.{name}"))
    return struct


def _value(value: object, path: str) -> Value:
    if value is None:
        return Value(null_value=0)  # type: ignore[arg-type]
    if isinstance(value, bool):
        return Value(bool_value=value)
    if isinstance(value, str):
        return Value(string_value=check_text(value, path))
    if isinstance(value, numbers.Real):
        number = _number(value, path)
        if not math.isfinite(number):
            raise invalid_field(path, "must be a finite number")
        if isinstance(value, int) and abs(value) > _EXACT:
            raise invalid_field(path, "is not exact as a number: give it as text")
        return Value(number_value=number)
    if isinstance(value, Mapping):
        return Value(struct_value=_struct(value, path))
    if isinstance(value, (list, tuple)):
        items = [_value(item, f"{path}[{index}]") for index, item in enumerate(value)]
        return Value(list_value=ListValue(values=items))
    raise invalid_field(path, f"must be plain JSON, {_not(value)}")


def check_on_duplicate(value: object) -> None:
    if value not in ("reject", "resolve"):
        raise invalid_options(f"on_duplicate must be 'reject' or 'resolve', not {value!r}")


def outcome_of(
    item: score_pb2.ScoreItem, message: score_pb2.ScoreSubmission, on_duplicate: OnDuplicate
) -> score_pb2.ScoreResult | RostrumError:
    """What became of one submission, as the caller wants it told."""
    if item.HasField("error"):
        return from_status(item.error)
    if not item.HasField("result"):
        text = "the server sent an answer without a result"
        return RostrumError(grpc.StatusCode.INTERNAL, None, text)
    result = item.result
    if result.outcome != score_pb2.OUTCOME_DUPLICATE or on_duplicate == "resolve":
        return result
    return RostrumError(
        grpc.StatusCode.ALREADY_EXISTS,
        "SUBMISSION_ID_REUSED",
        f"the score of {message.player_id} on {message.leaderboard_id} is not recorded: the "
        f"submission id {message.submission_id!r} was used before for a different submission; "
        "give each submission an id of its own, or none",
        metadata={
            "leaderboard_id": message.leaderboard_id,
            "player_id": message.player_id,
            "submission_id": message.submission_id,
        },
    )
