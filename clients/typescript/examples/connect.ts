import { RostrumClient } from '@rostrum/client';

/** Connects as the development identity `writer`, waits for the server, and submits a score. */
export async function connect(address = 'localhost:50051', certificates = 'certs/dev') {
  await using client = RostrumClient.connect({
    address,
    tls: {
      ca: `${certificates}/ca.crt`, // paths, or PEM in memory
      cert: `${certificates}/writer.crt`,
      key: `${certificates}/writer.key`,
    },
  });
  await client.waitForReady({ deadlineMs: 5_000 });
  const arena = client.leaderboard('arena');
  return await arena.submit({ playerId: 'ada', score: 1_000 });
}
