"""Submitting one score, and lists of them."""

import re
from collections.abc import Iterable

from rostrum.connection import Connection, encode
from rostrum.errors import FieldViolation, RostrumError
from rostrum.settings import Backoff, retry_wait
from rostrum.submission import (
    OnDuplicate,
    Submission,
    check_on_duplicate,
    check_submission,
    outcome_of,
)
from rostrum.unsure import Attempts, may_be_done_after, may_be_recorded
from rostrum.v1 import score_pb2

_SUBMIT = "/rostrum.v1.ScoreService/SubmitScore"
_BATCH = "/rostrum.v1.ScoreService/BatchSubmitScores"
_MAX_BATCH = 1_000
Item = score_pb2.ScoreResult | RostrumError


async def submit(
    connection: Connection, submission: Submission, timeout: float | None, on_duplicate: OnDuplicate
) -> score_pb2.ScoreResult:
    check_on_duplicate(on_duplicate)
    message = submission.to_message()
    payload = encode(score_pb2.SubmitScoreRequest(submission=message))
    attempts = Attempts()
    try:
        response = await connection.call(
            _SUBMIT,
            score_pb2.SubmitScoreResponse.FromString,
            payload,
            repeatable=True,
            timeout=timeout,
            attempts=attempts,
        )
    except RostrumError as error:
        if not attempts.may_be_done:
            raise
        unsure = may_be_recorded(error, message.submission_id)
        raise unsure from unsure.__cause__
    item = outcome_of(score_pb2.ScoreItem(result=response.result), message, on_duplicate)
    if isinstance(item, RostrumError):
        raise item
    return item


async def submit_batch(
    connection: Connection,
    submissions: Iterable[Submission],
    timeout: float | None,
    on_duplicate: OnDuplicate,
) -> list[Item]:
    check_on_duplicate(on_duplicate)
    connection.timeout(timeout)
    submissions = list(submissions)
    items: list[Item] = []
    answered = False
    for start in range(0, len(submissions), _MAX_BATCH):
        chunk: list[Item | None] = []
        messages: list[score_pb2.ScoreSubmission] = []
        for index, submission in enumerate(submissions[start : start + _MAX_BATCH], start):
            try:
                path = f"submissions[{index}]"
                messages.append(check_submission(submission, path).to_message(f"{path}."))
                chunk.append(None)
            except RostrumError as refusal:
                chunk.append(refusal)
        try:
            attempts = Attempts()
            answers = iter(await _chunk(connection, messages, timeout, on_duplicate, attempts))
        except RostrumError as error:
            sent = iter(messages)
            ids = ["" if refused else next(sent).submission_id for refused in chunk]
            if not attempts.may_be_done:
                ids = [""] * len(chunk)
            ids += [""] * (len(submissions) - start - len(chunk))
            if answered:
                return items + [may_be_recorded(error, each) if each else error for each in ids]
            if not attempts.may_be_done:
                raise
            unsure = may_be_recorded(error, [""] * start + ids)
            raise unsure from unsure.__cause__
        answered = answered or bool(messages)
        for index, refused in enumerate(chunk, start):
            items.append(refused if refused is not None else _at(next(answers), index))
    return items


async def _chunk(
    connection: Connection,
    messages: list[score_pb2.ScoreSubmission],
    timeout: float | None,
    on_duplicate: OnDuplicate,
    attempts: Attempts,
) -> list[Item]:
    """Up to 1,000 in one call; those that were refused for a cause that passes are sent again."""
    if not messages:
        return []
    deadline = connection.timeout(timeout)
    loop = connection.use()
    backoff = Backoff(connection.settings.retry)
    items: list[Item] = []
    again = list(range(len(messages)))
    unsure: set[int] = set()
    attempt = 1
    while True:
        this = Attempts()
        sent = [messages[index] for index in again]
        try:
            response = await connection.call(
                _BATCH,
                score_pb2.BatchSubmitScoresResponse.FromString,
                encode(score_pb2.BatchSubmitScoresRequest(submissions=sent)),
                repeatable=True,
                timeout=deadline - loop.time(),
                attempts=this,
            )
        except RostrumError as error:
            attempts.may_be_done |= this.may_be_done
            if not items or error.reason == "CLIENT_CLOSED":
                raise
            if this.may_be_done:
                unsure.update(again)
            return _told(messages, items, unsure)  # the items before it stand
        given = list(response.items) + [score_pb2.ScoreItem()] * (len(sent) - len(response.items))
        new = [
            outcome_of(item, message, on_duplicate) for item, message in zip(given, sent, strict=False)
        ]
        if not items:
            items = new
        else:
            for index, item in zip(again, new, strict=True):
                items[index] = item
        for index in again:
            item = items[index]
            if not isinstance(item, RostrumError):
                unsure.discard(index)
                attempts.may_be_done = True
            elif may_be_done_after(item, before=index in unsure):
                unsure.add(index)
                attempts.may_be_done = True
            else:
                unsure.discard(index)
        again = _repeatable(messages, items)
        attempt += 1
        if not again or attempt > connection.settings.retry.max_attempts:
            return _told(messages, items, unsure)
        errors = [items[index] for index in again]
        pause = backoff.next(max(getattr(each, "retry_after", None) or 0.0 for each in errors))
        if loop.time() + pause >= deadline:
            return _told(messages, items, unsure)
        await connection.sleep(pause)


def _told(messages: list[score_pb2.ScoreSubmission], items: list[Item], unsure: set[int]) -> list[Item]:
    """The items, where those that may have been recorded say so."""
    for index in unsure:
        item = items[index]
        if isinstance(item, RostrumError):
            items[index] = may_be_recorded(item, messages[index].submission_id)
    return items


def _repeatable(messages: list[score_pb2.ScoreSubmission], items: list[Item]) -> list[int]:
    """Those worth sending again, in order.

    Not those that a later, accepted submission of the same player has overtaken: arriving late,
    they could replace it where the last write wins.
    """
    accepted: set[tuple[str, str]] = set()
    found: list[int] = []
    for index in range(len(items) - 1, -1, -1):
        key = (messages[index].leaderboard_id, messages[index].player_id)
        item = items[index]
        if not isinstance(item, RostrumError):
            accepted.add(key)
        elif key not in accepted and retry_wait(item, repeatable=True) is not None:
            found.append(index)
    return found[::-1]


def _at(item: Item, index: int) -> Item:
    """The service names a field by its submission's place in a call: this is its place in all."""
    if not isinstance(item, RostrumError) or not item.field_violations:
        return item
    violations = []
    message = item.message
    for each in item.field_violations:
        field = re.sub(r"^submissions\[\d+\]", f"submissions[{index}]", each.field)
        message = message.replace(f"{each.field}: ", f"{field}: ")
        violations.append(FieldViolation(field, each.description))
    return RostrumError(
        item.code,
        item.reason,
        message,
        metadata=item.metadata,
        field_violations=violations,
        retry_after=item.retry_after,
    )
