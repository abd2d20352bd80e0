"""More watches on one client than a connection carries calls."""

import asyncio
import gc

import rostrum


async def test_calls_go_on_beside_1100_watches(client: rostrum.Client, board: str) -> None:
    await client.submit(leaderboard_id=board, player_id="ada", score=1)
    watches = [client.watch_changes(leaderboard_id=board) for _ in range(1_100)]
    await asyncio.gather(*(anext(watch) for watch in watches))
    await client.submit(leaderboard_id=board, player_id="ada", score=2)
    messages = await asyncio.gather(*(anext(watch) for watch in watches))
    assert all(message.changes[0].standing.score == 2 for message in messages)
    # Those that are over make room: one after the other they need no more channels.
    channels = len(client._connection._for_watches)
    assert channels == 3
    for watch in watches[:400]:
        await watch.aclose()
    del watches[:400], watch
    gc.collect()
    for _ in range(400):
        watch = client.watch_changes(leaderboard_id=board)
        watches.append(watch)
        await anext(watch)
    assert len(client._connection._for_watches) == channels
