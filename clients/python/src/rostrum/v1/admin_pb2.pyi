import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from rostrum.v1 import ranking_pb2 as _ranking_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class PingRequest(_message.Message):
    __slots__ = ("payload",)
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    payload: str
    def __init__(self, payload: _Optional[str] = ...) -> None: ...

class PingResponse(_message.Message):
    __slots__ = ("payload", "server_time", "version", "role", "name")
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    SERVER_TIME_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    payload: str
    server_time: _timestamp_pb2.Timestamp
    version: str
    role: str
    name: str
    def __init__(self, payload: _Optional[str] = ..., server_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., version: _Optional[str] = ..., role: _Optional[str] = ..., name: _Optional[str] = ...) -> None: ...

class GetServerStatsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetServerStatsResponse(_message.Message):
    __slots__ = ("version", "start_time", "uptime", "connections", "methods", "submissions", "watches", "stores", "memory_bytes", "outbox_pending", "rebuilding", "identities", "worker", "workers")
    class Method(_message.Message):
        __slots__ = ("full_method", "calls", "errors", "p50", "p99", "longest", "cancelled", "codes")
        class CodesEntry(_message.Message):
            __slots__ = ("key", "value")
            KEY_FIELD_NUMBER: _ClassVar[int]
            VALUE_FIELD_NUMBER: _ClassVar[int]
            key: str
            value: int
            def __init__(self, key: _Optional[str] = ..., value: _Optional[int] = ...) -> None: ...
        FULL_METHOD_FIELD_NUMBER: _ClassVar[int]
        CALLS_FIELD_NUMBER: _ClassVar[int]
        ERRORS_FIELD_NUMBER: _ClassVar[int]
        P50_FIELD_NUMBER: _ClassVar[int]
        P99_FIELD_NUMBER: _ClassVar[int]
        LONGEST_FIELD_NUMBER: _ClassVar[int]
        CANCELLED_FIELD_NUMBER: _ClassVar[int]
        CODES_FIELD_NUMBER: _ClassVar[int]
        full_method: str
        calls: int
        errors: int
        p50: _duration_pb2.Duration
        p99: _duration_pb2.Duration
        longest: _duration_pb2.Duration
        cancelled: int
        codes: _containers.ScalarMap[str, int]
        def __init__(self, full_method: _Optional[str] = ..., calls: _Optional[int] = ..., errors: _Optional[int] = ..., p50: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., p99: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., longest: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., cancelled: _Optional[int] = ..., codes: _Optional[_Mapping[str, int]] = ...) -> None: ...
    class Submissions(_message.Message):
        __slots__ = ("committed", "batches", "batch_size_p50", "batch_size_max", "pending")
        COMMITTED_FIELD_NUMBER: _ClassVar[int]
        BATCHES_FIELD_NUMBER: _ClassVar[int]
        BATCH_SIZE_P50_FIELD_NUMBER: _ClassVar[int]
        BATCH_SIZE_MAX_FIELD_NUMBER: _ClassVar[int]
        PENDING_FIELD_NUMBER: _ClassVar[int]
        committed: int
        batches: int
        batch_size_p50: int
        batch_size_max: int
        pending: int
        def __init__(self, committed: _Optional[int] = ..., batches: _Optional[int] = ..., batch_size_p50: _Optional[int] = ..., batch_size_max: _Optional[int] = ..., pending: _Optional[int] = ...) -> None: ...
    class Watches(_message.Message):
        __slots__ = ("standings_watchers", "views", "changes_watchers", "messages", "slow_watchers_ended", "rows")
        STANDINGS_WATCHERS_FIELD_NUMBER: _ClassVar[int]
        VIEWS_FIELD_NUMBER: _ClassVar[int]
        CHANGES_WATCHERS_FIELD_NUMBER: _ClassVar[int]
        MESSAGES_FIELD_NUMBER: _ClassVar[int]
        SLOW_WATCHERS_ENDED_FIELD_NUMBER: _ClassVar[int]
        ROWS_FIELD_NUMBER: _ClassVar[int]
        standings_watchers: int
        views: int
        changes_watchers: int
        messages: int
        slow_watchers_ended: int
        rows: int
        def __init__(self, standings_watchers: _Optional[int] = ..., views: _Optional[int] = ..., changes_watchers: _Optional[int] = ..., messages: _Optional[int] = ..., slow_watchers_ended: _Optional[int] = ..., rows: _Optional[int] = ...) -> None: ...
    class Store(_message.Message):
        __slots__ = ("name", "healthy", "state", "p50", "p99")
        NAME_FIELD_NUMBER: _ClassVar[int]
        HEALTHY_FIELD_NUMBER: _ClassVar[int]
        STATE_FIELD_NUMBER: _ClassVar[int]
        P50_FIELD_NUMBER: _ClassVar[int]
        P99_FIELD_NUMBER: _ClassVar[int]
        name: str
        healthy: bool
        state: str
        p50: _duration_pb2.Duration
        p99: _duration_pb2.Duration
        def __init__(self, name: _Optional[str] = ..., healthy: bool = ..., state: _Optional[str] = ..., p50: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., p99: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...
    class IdentityUse(_message.Message):
        __slots__ = ("identity", "connections", "watches", "submissions", "unread_bytes", "refused", "fullest", "fullest_percent", "watched_rows")
        IDENTITY_FIELD_NUMBER: _ClassVar[int]
        CONNECTIONS_FIELD_NUMBER: _ClassVar[int]
        WATCHES_FIELD_NUMBER: _ClassVar[int]
        SUBMISSIONS_FIELD_NUMBER: _ClassVar[int]
        UNREAD_BYTES_FIELD_NUMBER: _ClassVar[int]
        REFUSED_FIELD_NUMBER: _ClassVar[int]
        FULLEST_FIELD_NUMBER: _ClassVar[int]
        FULLEST_PERCENT_FIELD_NUMBER: _ClassVar[int]
        WATCHED_ROWS_FIELD_NUMBER: _ClassVar[int]
        identity: str
        connections: int
        watches: int
        submissions: int
        unread_bytes: int
        refused: int
        fullest: str
        fullest_percent: int
        watched_rows: int
        def __init__(self, identity: _Optional[str] = ..., connections: _Optional[int] = ..., watches: _Optional[int] = ..., submissions: _Optional[int] = ..., unread_bytes: _Optional[int] = ..., refused: _Optional[int] = ..., fullest: _Optional[str] = ..., fullest_percent: _Optional[int] = ..., watched_rows: _Optional[int] = ...) -> None: ...
    VERSION_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    UPTIME_FIELD_NUMBER: _ClassVar[int]
    CONNECTIONS_FIELD_NUMBER: _ClassVar[int]
    METHODS_FIELD_NUMBER: _ClassVar[int]
    SUBMISSIONS_FIELD_NUMBER: _ClassVar[int]
    WATCHES_FIELD_NUMBER: _ClassVar[int]
    STORES_FIELD_NUMBER: _ClassVar[int]
    MEMORY_BYTES_FIELD_NUMBER: _ClassVar[int]
    OUTBOX_PENDING_FIELD_NUMBER: _ClassVar[int]
    REBUILDING_FIELD_NUMBER: _ClassVar[int]
    IDENTITIES_FIELD_NUMBER: _ClassVar[int]
    WORKER_FIELD_NUMBER: _ClassVar[int]
    WORKERS_FIELD_NUMBER: _ClassVar[int]
    version: str
    start_time: _timestamp_pb2.Timestamp
    uptime: _duration_pb2.Duration
    connections: int
    methods: _containers.RepeatedCompositeFieldContainer[GetServerStatsResponse.Method]
    submissions: GetServerStatsResponse.Submissions
    watches: GetServerStatsResponse.Watches
    stores: _containers.RepeatedCompositeFieldContainer[GetServerStatsResponse.Store]
    memory_bytes: int
    outbox_pending: int
    rebuilding: int
    identities: _containers.RepeatedCompositeFieldContainer[GetServerStatsResponse.IdentityUse]
    worker: int
    workers: int
    def __init__(self, version: _Optional[str] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., uptime: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., connections: _Optional[int] = ..., methods: _Optional[_Iterable[_Union[GetServerStatsResponse.Method, _Mapping]]] = ..., submissions: _Optional[_Union[GetServerStatsResponse.Submissions, _Mapping]] = ..., watches: _Optional[_Union[GetServerStatsResponse.Watches, _Mapping]] = ..., stores: _Optional[_Iterable[_Union[GetServerStatsResponse.Store, _Mapping]]] = ..., memory_bytes: _Optional[int] = ..., outbox_pending: _Optional[int] = ..., rebuilding: _Optional[int] = ..., identities: _Optional[_Iterable[_Union[GetServerStatsResponse.IdentityUse, _Mapping]]] = ..., worker: _Optional[int] = ..., workers: _Optional[int] = ...) -> None: ...

class VerifyLeaderboardRequest(_message.Message):
    __slots__ = ("leaderboard_id", "season_id", "segment")
    LEADERBOARD_ID_FIELD_NUMBER: _ClassVar[int]
    SEASON_ID_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_FIELD_NUMBER: _ClassVar[int]
    leaderboard_id: str
    season_id: str
    segment: _ranking_pb2.Segment
    def __init__(self, leaderboard_id: _Optional[str] = ..., season_id: _Optional[str] = ..., segment: _Optional[_Union[_ranking_pb2.Segment, _Mapping]] = ...) -> None: ...

class Difference(_message.Message):
    __slots__ = ("kind", "player_id", "explanation")
    class Kind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        KIND_UNSPECIFIED: _ClassVar[Difference.Kind]
        KIND_MISSING: _ClassVar[Difference.Kind]
        KIND_EXTRA: _ClassVar[Difference.Kind]
        KIND_DIFFERENT: _ClassVar[Difference.Kind]
    KIND_UNSPECIFIED: Difference.Kind
    KIND_MISSING: Difference.Kind
    KIND_EXTRA: Difference.Kind
    KIND_DIFFERENT: Difference.Kind
    KIND_FIELD_NUMBER: _ClassVar[int]
    PLAYER_ID_FIELD_NUMBER: _ClassVar[int]
    EXPLANATION_FIELD_NUMBER: _ClassVar[int]
    kind: Difference.Kind
    player_id: str
    explanation: str
    def __init__(self, kind: _Optional[_Union[Difference.Kind, str]] = ..., player_id: _Optional[str] = ..., explanation: _Optional[str] = ...) -> None: ...

class VerifyLeaderboardResponse(_message.Message):
    __slots__ = ("checked", "total", "differences", "difference_count", "done", "waiting_for_index")
    CHECKED_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    DIFFERENCES_FIELD_NUMBER: _ClassVar[int]
    DIFFERENCE_COUNT_FIELD_NUMBER: _ClassVar[int]
    DONE_FIELD_NUMBER: _ClassVar[int]
    WAITING_FOR_INDEX_FIELD_NUMBER: _ClassVar[int]
    checked: int
    total: int
    differences: _containers.RepeatedCompositeFieldContainer[Difference]
    difference_count: int
    done: bool
    waiting_for_index: bool
    def __init__(self, checked: _Optional[int] = ..., total: _Optional[int] = ..., differences: _Optional[_Iterable[_Union[Difference, _Mapping]]] = ..., difference_count: _Optional[int] = ..., done: bool = ..., waiting_for_index: bool = ...) -> None: ...

class RebuildLeaderboardRequest(_message.Message):
    __slots__ = ("leaderboard_id", "season_id", "segment")
    LEADERBOARD_ID_FIELD_NUMBER: _ClassVar[int]
    SEASON_ID_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_FIELD_NUMBER: _ClassVar[int]
    leaderboard_id: str
    season_id: str
    segment: _ranking_pb2.Segment
    def __init__(self, leaderboard_id: _Optional[str] = ..., season_id: _Optional[str] = ..., segment: _Optional[_Union[_ranking_pb2.Segment, _Mapping]] = ...) -> None: ...

class RebuildLeaderboardResponse(_message.Message):
    __slots__ = ("built", "total", "done")
    BUILT_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    DONE_FIELD_NUMBER: _ClassVar[int]
    built: int
    total: int
    done: bool
    def __init__(self, built: _Optional[int] = ..., total: _Optional[int] = ..., done: bool = ...) -> None: ...
