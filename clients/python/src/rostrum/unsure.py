"""Whether a submission that failed may have been recorded, and how its error says so."""

from collections.abc import Sequence
from dataclasses import dataclass

import grpc

from rostrum.errors import RostrumError

_REFUSED = {
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.ALREADY_EXISTS,
    grpc.StatusCode.FAILED_PRECONDITION,
    grpc.StatusCode.OUT_OF_RANGE,
    grpc.StatusCode.UNIMPLEMENTED,
}
"""The service refuses the request itself: an earlier attempt would have been refused as well."""


@dataclass
class Attempts:
    """What the failed attempts at one request leave open."""

    may_be_done: bool = False
    """Whether the service may have done it, though no attempt got an answer that says so."""


def may_be_done_after(failure: RostrumError, *, before: bool) -> bool:
    """Whether a request may have been done whose latest attempt was sent and failed so.

    `before`: whether it may have been done by an earlier attempt.
    """
    if failure.reason == "SHUTTING_DOWN":
        return before  # the service says that it did not begin
    if failure.code in _REFUSED:
        return False
    if failure.code is grpc.StatusCode.RESOURCE_EXHAUSTED:
        # Not admitted this time. An answer that is too large for this client has the same code.
        return before or failure.reason == "MESSAGE_TOO_LARGE"
    if failure.code in (grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.UNAUTHENTICATED):
        return before
    return True


def may_be_done_after_stream(failure: BaseException | None) -> bool:
    """The same for requests that were on their way over a stream which ended so."""
    return not isinstance(failure, RostrumError) or failure.code not in (
        grpc.StatusCode.PERMISSION_DENIED,
        grpc.StatusCode.UNAUTHENTICATED,
        grpc.StatusCode.UNIMPLEMENTED,
    )


def may_be_recorded(error: RostrumError, ids: str | Sequence[str]) -> RostrumError:
    """The error with the id in `submission_id`, or those of a batch in `submission_ids`."""
    message = error.message
    if error.reason == "CONNECTION_FAILED":
        # Why there is no connection now would read as if there had been none.
        message = "the connection to the server broke before the answer came"
    told = {"submission_id": ids} if isinstance(ids, str) else {"submission_ids": ",".join(ids)}
    unsure = RostrumError(
        error.code,
        error.reason,
        f"{message}; what was submitted may have been recorded; sent again with the same "
        "submission_id it counts once",
        metadata={**error.metadata, **told},
        field_violations=error.field_violations,
        retry_after=error.retry_after,
    )
    unsure.__cause__ = error if error.reason == "CONNECTION_FAILED" else error.__cause__
    return unsure
