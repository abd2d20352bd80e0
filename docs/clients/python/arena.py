"""Submits a score to Rostrum, and reads the reason of an error."""

import os
from pathlib import Path

import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from rostrum.v1 import score_pb2, score_pb2_grpc, standing_pb2, standing_pb2_grpc


def error_info(error: grpc.RpcError) -> error_details_pb2.ErrorInfo | None:
    """The reason of an error and what belongs to it.

    None where the error has none, because it does not come from Rostrum.
    """
    status = rpc_status.from_call(error)
    info = error_details_pb2.ErrorInfo()
    for detail in status.details if status else []:
        if detail.Unpack(info):
            return info
    return None


def connect(directory: Path, identity: str) -> grpc.Channel:
    """Uses the certificate authority, and the identity of that name, in a directory."""
    credentials = grpc.ssl_channel_credentials(
        root_certificates=(directory / "ca.crt").read_bytes(),
        private_key=(directory / f"{identity}.key").read_bytes(),
        certificate_chain=(directory / f"{identity}.crt").read_bytes(),
    )
    return grpc.secure_channel(os.environ.get("ROSTRUM_ADDRESS", "localhost:50051"), credentials)


with connect(Path("certs/dev"), "writer") as channel:
    submission = score_pb2.ScoreSubmission(
        leaderboard_id="arena-python",
        player_id="ada",
        score=1200,
        submission_id="match-4711",  # sent again with the same id, it counts once
    )
    result = (
        score_pb2_grpc.ScoreServiceStub(channel)
        .SubmitScore(score_pb2.SubmitScoreRequest(submission=submission), timeout=10)
        .result
    )
    outcome = score_pb2.Outcome.Name(result.outcome)
    print(outcome, "rank", result.standing.rank, "of", result.total_players)

    try:
        standing_pb2_grpc.StandingServiceStub(channel).GetStanding(
            standing_pb2.GetStandingRequest(leaderboard_id="arena-python", player_id="nobody"),
            timeout=10,
        )
    except grpc.RpcError as error:
        info = error_info(error)
        if info is None:
            raise
        print(error.code().name, info.reason, info.metadata["player_id"])
