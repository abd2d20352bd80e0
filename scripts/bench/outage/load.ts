/** A process that makes mixed load and tells all the time how it goes; `MixedLoad` is what it runs. */
import type { LibraryConnection } from '../library-connection.ts';
import { openTls } from '../open-connections.ts';
import { numberSubmissionsFrom } from '../requests.ts';
import type { FromOutageLoad, ToOutageLoad } from './messages.ts';
import { MixedLoad } from './mixed-load.ts';

const TICK_MS = 100;

let connections: readonly LibraryConnection[] = [];
let load: MixedLoad | undefined;
let lastTick = now();

process.on('message', (message: ToOutageLoad) => {
  obey(message).catch(({ message: text }: Error) => tell({ kind: 'failed', message: text }));
});
process.on('disconnect', () => process.exit());
setInterval(() => {
  const from = lastTick;
  lastTick = now();
  if (load !== undefined) tell({ kind: 'tick', from, to: lastTick, tallies: load.take() });
}, TICK_MS);

async function obey(message: ToOutageLoad): Promise<void> {
  switch (message.kind) {
    case 'connect': {
      numberSubmissionsFrom(message.firstSubmission);
      connections = await openTls(message.port, message.certificates, message.connections);
      tell({ kind: 'connected' });
      break;
    }
    case 'load':
      await load?.stop();
      load = new MixedLoad(connections, message.parts);
      load.start();
      tell({ kind: 'loading' });
  }
}

function tell(message: FromOutageLoad): void {
  process.send?.(message);
}

function now(): number {
  return performance.timeOrigin + performance.now();
}
