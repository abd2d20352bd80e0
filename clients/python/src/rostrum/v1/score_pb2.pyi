import datetime

from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.rpc import status_pb2 as _status_pb2
from rostrum.v1 import leaderboard_pb2 as _leaderboard_pb2
from rostrum.v1 import standing_pb2 as _standing_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Outcome(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    OUTCOME_UNSPECIFIED: _ClassVar[Outcome]
    OUTCOME_APPLIED: _ClassVar[Outcome]
    OUTCOME_NOT_IMPROVED: _ClassVar[Outcome]
    OUTCOME_STALE: _ClassVar[Outcome]
    OUTCOME_DUPLICATE: _ClassVar[Outcome]
    OUTCOME_QUARANTINED: _ClassVar[Outcome]
OUTCOME_UNSPECIFIED: Outcome
OUTCOME_APPLIED: Outcome
OUTCOME_NOT_IMPROVED: Outcome
OUTCOME_STALE: Outcome
OUTCOME_DUPLICATE: Outcome
OUTCOME_QUARANTINED: Outcome

class ScoreSubmission(_message.Message):
    __slots__ = ("leaderboard_id", "player_id", "score", "subscore", "submission_id", "client_time", "display_name", "segments", "metadata", "new_leaderboard")
    class SegmentsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    LEADERBOARD_ID_FIELD_NUMBER: _ClassVar[int]
    PLAYER_ID_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    SUBSCORE_FIELD_NUMBER: _ClassVar[int]
    SUBMISSION_ID_FIELD_NUMBER: _ClassVar[int]
    CLIENT_TIME_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    SEGMENTS_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    NEW_LEADERBOARD_FIELD_NUMBER: _ClassVar[int]
    leaderboard_id: str
    player_id: str
    score: float
    subscore: float
    submission_id: str
    client_time: _timestamp_pb2.Timestamp
    display_name: str
    segments: _containers.ScalarMap[str, str]
    metadata: _struct_pb2.Struct
    new_leaderboard: NewLeaderboard
    def __init__(self, leaderboard_id: _Optional[str] = ..., player_id: _Optional[str] = ..., score: _Optional[float] = ..., subscore: _Optional[float] = ..., submission_id: _Optional[str] = ..., client_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., display_name: _Optional[str] = ..., segments: _Optional[_Mapping[str, str]] = ..., metadata: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., new_leaderboard: _Optional[_Union[NewLeaderboard, _Mapping]] = ...) -> None: ...

class NewLeaderboard(_message.Message):
    __slots__ = ("sort_order", "subscore_sort_order", "aggregation")
    SORT_ORDER_FIELD_NUMBER: _ClassVar[int]
    SUBSCORE_SORT_ORDER_FIELD_NUMBER: _ClassVar[int]
    AGGREGATION_FIELD_NUMBER: _ClassVar[int]
    sort_order: _leaderboard_pb2.SortOrder
    subscore_sort_order: _leaderboard_pb2.SortOrder
    aggregation: _leaderboard_pb2.Aggregation
    def __init__(self, sort_order: _Optional[_Union[_leaderboard_pb2.SortOrder, str]] = ..., subscore_sort_order: _Optional[_Union[_leaderboard_pb2.SortOrder, str]] = ..., aggregation: _Optional[_Union[_leaderboard_pb2.Aggregation, str]] = ...) -> None: ...

class ScoreResult(_message.Message):
    __slots__ = ("outcome", "standing", "previous_rank", "previous_score", "ranked", "revision", "unlocked_achievements", "replayed", "total_players")
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    STANDING_FIELD_NUMBER: _ClassVar[int]
    PREVIOUS_RANK_FIELD_NUMBER: _ClassVar[int]
    PREVIOUS_SCORE_FIELD_NUMBER: _ClassVar[int]
    RANKED_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    UNLOCKED_ACHIEVEMENTS_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    TOTAL_PLAYERS_FIELD_NUMBER: _ClassVar[int]
    outcome: Outcome
    standing: _standing_pb2.Standing
    previous_rank: int
    previous_score: float
    ranked: bool
    revision: int
    unlocked_achievements: _containers.RepeatedScalarFieldContainer[str]
    replayed: bool
    total_players: int
    def __init__(self, outcome: _Optional[_Union[Outcome, str]] = ..., standing: _Optional[_Union[_standing_pb2.Standing, _Mapping]] = ..., previous_rank: _Optional[int] = ..., previous_score: _Optional[float] = ..., ranked: bool = ..., revision: _Optional[int] = ..., unlocked_achievements: _Optional[_Iterable[str]] = ..., replayed: bool = ..., total_players: _Optional[int] = ...) -> None: ...

class ScoreItem(_message.Message):
    __slots__ = ("result", "error")
    RESULT_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    result: ScoreResult
    error: _status_pb2.Status
    def __init__(self, result: _Optional[_Union[ScoreResult, _Mapping]] = ..., error: _Optional[_Union[_status_pb2.Status, _Mapping]] = ...) -> None: ...

class SubmitScoreRequest(_message.Message):
    __slots__ = ("submission",)
    SUBMISSION_FIELD_NUMBER: _ClassVar[int]
    submission: ScoreSubmission
    def __init__(self, submission: _Optional[_Union[ScoreSubmission, _Mapping]] = ...) -> None: ...

class SubmitScoreResponse(_message.Message):
    __slots__ = ("result",)
    RESULT_FIELD_NUMBER: _ClassVar[int]
    result: ScoreResult
    def __init__(self, result: _Optional[_Union[ScoreResult, _Mapping]] = ...) -> None: ...

class BatchSubmitScoresRequest(_message.Message):
    __slots__ = ("submissions",)
    SUBMISSIONS_FIELD_NUMBER: _ClassVar[int]
    submissions: _containers.RepeatedCompositeFieldContainer[ScoreSubmission]
    def __init__(self, submissions: _Optional[_Iterable[_Union[ScoreSubmission, _Mapping]]] = ...) -> None: ...

class BatchSubmitScoresResponse(_message.Message):
    __slots__ = ("items",)
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[ScoreItem]
    def __init__(self, items: _Optional[_Iterable[_Union[ScoreItem, _Mapping]]] = ...) -> None: ...

class StreamScoresRequest(_message.Message):
    __slots__ = ("submission",)
    SUBMISSION_FIELD_NUMBER: _ClassVar[int]
    submission: ScoreSubmission
    def __init__(self, submission: _Optional[_Union[ScoreSubmission, _Mapping]] = ...) -> None: ...

class StreamScoresResponse(_message.Message):
    __slots__ = ("item",)
    ITEM_FIELD_NUMBER: _ClassVar[int]
    item: ScoreItem
    def __init__(self, item: _Optional[_Union[ScoreItem, _Mapping]] = ...) -> None: ...
