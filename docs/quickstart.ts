// The example of README.md. Run it in the checkout, while `npm start` runs: npx node docs/quickstart.ts
import { RostrumClient } from '@rostrum/client';

await using client = RostrumClient.connect({
  address: process.env.ROSTRUM_ADDRESS ?? 'localhost:50051',
  tls: {
    ca: 'certs/dev/ca.crt', // paths, or PEM in memory
    cert: 'certs/dev/writer.crt',
    key: 'certs/dev/writer.key',
  },
});

const arena = client.leaderboard('arena'); // created by the first submission to it

await arena.submit({ playerId: 'ada', displayName: 'Ada', score: 1200 });
await arena.submit({ playerId: 'bob', displayName: 'Bob', score: 900 });

// A view that is always current, and is resumed by itself when the connection is lost.
const view = arena.watch({ view: { top: 3 } });
await view.ready();

const { outcome, standing, previousRank } = await arena.submit({ playerId: 'bob', score: 1350 });
console.log(`${outcome}: rank ${previousRank} → ${standing.rank}`);

for await (const { standings } of view) {
  if (standings[0]?.playerId !== 'bob') continue;
  console.log(standings.map(({ rank, displayName, score }) => `${rank}. ${displayName} ${score}`));
  break; // ends the watch
}
