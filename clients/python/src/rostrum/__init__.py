"""The Python client of Rostrum: `async with rostrum.connect() as client`.

Without asyncio: `with rostrum.sync.connect() as client`. Messages are those of the contract, in
`rostrum.v1`.
"""

import os

# gRPC reads this when it is imported. Its handlers for forks kill every tenth child of a process with an
# open connection, even one that does not use it.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")

from rostrum import sync
from rostrum.client import Client, Submitted, connect
from rostrum.errors import (
    SERVICE_REASONS,
    ClientReason,
    FieldViolation,
    Reason,
    RostrumError,
    ServiceReason,
    from_rpc_error,
)
from rostrum.settings import Retry
from rostrum.stream import ScoreFuture, ScoreStream
from rostrum.submission import Submission
from rostrum.tls import Tls
from rostrum.view import LiveView, LiveViewUpdate
from rostrum.watch import Watch

__version__ = "0.1.0"
__all__ = [
    "SERVICE_REASONS",
    "Client",
    "ClientReason",
    "FieldViolation",
    "LiveView",
    "LiveViewUpdate",
    "Reason",
    "Retry",
    "RostrumError",
    "ScoreFuture",
    "ScoreStream",
    "ServiceReason",
    "Submission",
    "Submitted",
    "Tls",
    "Watch",
    "connect",
    "from_rpc_error",
    "sync",
]
