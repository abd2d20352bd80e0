"""An announcer: it prints who has entered the top three of a leaderboard.

What it knows lies on disk, so that after a restart it goes on where it was, and misses nobody.

    python announcer.py --leaderboard arena --state announcer.json

It connects as the environment says: ROSTRUM_ADDRESS, ROSTRUM_TLS_CA, ROSTRUM_TLS_CERT,
ROSTRUM_TLS_KEY.
"""

import argparse
import asyncio
import contextlib
import json
import logging
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import rostrum
from rostrum.v1 import standing_pb2, watch_pb2

log = logging.getLogger("announcer")


@dataclass
class Known:
    """What is kept on disk."""

    resume_token: str = ""
    """That of the last message that was announced."""
    top_three: list[str] = field(default_factory=list)
    """The players at that time."""

    @classmethod
    def load(cls, file: Path) -> "Known":
        try:
            return cls(**json.loads(file.read_text("utf-8")))
        except FileNotFoundError:
            return cls()

    def save(self, file: Path) -> None:
        """Replaces the file: whoever reads it finds the old or the new one as a whole."""
        temporary = file.with_name(f".{file.name}.new")
        with temporary.open("w", encoding="utf-8") as stream:
            json.dump(asdict(self), stream)
            stream.flush()
            os.fsync(stream.fileno())  # or a loss of power may leave an empty file
        temporary.replace(file)

    def apply(self, message: watch_pb2.WatchStandingsResponse) -> None:
        """Announces who is new in a message, and notes where the watch is now."""
        if message.HasField("snapshot"):  # the first message, or one that replaces what was known
            standings = message.snapshot.standings
            self._announce(each for each in standings if each.player_id not in self.top_three)
            self.top_three = [each.player_id for each in standings]
        for change in message.changes.changes:
            if change.kind == watch_pb2.RankChange.KIND_ENTERED:
                self._announce([change.standing])
                self.top_three.append(change.player_id)
            elif change.kind == watch_pb2.RankChange.KIND_LEFT:
                self.top_three = [each for each in self.top_three if each != change.player_id]
        self.resume_token = message.resume_token

    def _announce(self, standings: Iterable[standing_pb2.Standing]) -> None:
        for each in standings:
            print(f"{each.player_id} is number {each.rank} with {each.score:g}", flush=True)


async def announce(client: rostrum.Client, leaderboard: str, file: Path) -> None:
    """Prints who enters the top three.

    What was printed and not yet saved when the process died is printed once more.
    """
    known = Known.load(file)
    while True:
        watch = client.watch_standings(
            leaderboard_id=leaderboard,
            top=3,
            resume_token=known.resume_token,
            await_leaderboard=True,  # it comes into being with its first score
            on_interrupted=lambda error, wait: log.warning("interrupted: %s", error),
        )
        try:
            async with watch:
                async for message in watch:
                    known.apply(message)
                    known.save(file)
        except rostrum.RostrumError as error:
            # A token may be too old. What the top three were is known all the same.
            too_old = error.reason in ("INVALID_RESUME_TOKEN", "RESUME_TOKEN_EXPIRED")
            if not too_old or not known.resume_token:
                raise
            known.resume_token = ""


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--leaderboard", default="arena")
    parser.add_argument(
        "--state", type=Path, default="announcer.json", help="where it keeps what it knows"
    )
    options = parser.parse_args()
    async with rostrum.connect() as client:
        await announce(client, options.leaderboard, options.state)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main())
