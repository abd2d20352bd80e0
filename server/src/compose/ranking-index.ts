import { Worker } from 'node:worker_threads';
import type { Config } from '../config.js';
import { PagedFiller } from '../features/index/filling/paged-filler.js';
import { ThreadedFiller } from '../features/index/filling/threaded-filler.js';
import { IndexBuilder } from '../features/index/index-builder.js';
import { IndexGate } from '../features/index/index-gate.js';
import { IndexTrust } from '../features/index/index-trust.js';
import { IndexWriter } from '../features/index/index-writer.js';
import { Projection } from '../features/index/projection.js';
import { Settler } from '../features/index/settler.js';
import { Sweeper } from '../features/index/sweeper.js';
import { ReadBatcher } from '../features/reads/read-batcher.js';
import { Reader } from '../features/reads/reader.js';
import { StoreReader } from '../features/reads/store-reader.js';
import { Verifier } from '../features/verification/verifier.js';
import type { FillWorkerData } from '../fill-worker.js';
import type { Logger } from '../observability/log.js';
import { encodeStandingPayload as encodePayload } from '../wire/standing-payload-encoding.js';
import type { Stores } from './stores.js';

export type Index = ReturnType<typeof composeIndex>;

/** Keeps the index in step with PostgreSQL, and reads from whichever of the two may answer. */
export function composeIndex(config: Config, stores: Stores, log: Logger) {
  const { index, entries, rankings, outbox } = stores;
  const trust = new IndexTrust();
  const largeFiller = new ThreadedFiller(() => startFillWorker(config));
  const filler = new PagedFiller(index, entries, encodePayload, largeFiller);
  const builder = new IndexBuilder(index, rankings, entries, filler, trust, log);
  const writer = new IndexWriter(index, trust, builder);
  const settler = new Settler(outbox, trust, log);
  const sweeper = new Sweeper(outbox, entries, rankings, writer, trust, encodePayload, log);
  const recover = () => sweeper.drain();
  const onJoined = (redis: string) => stores.signals.follow(redis);
  const gate = new IndexGate(stores.redis, stores.lives, trust, recover, log, onJoined);
  const projection = new Projection(writer, builder, gate, trust, settler, encodePayload);
  const storeReader = new StoreReader(entries, encodePayload);
  const reader = new Reader(index, new ReadBatcher(index), storeReader, gate, trust, builder);
  const verifier = new Verifier({ index, rankings, builder, gate, entries, encodePayload });

  return {
    ...{ trust, builder, gate, sweeper, projection, reader, verifier },

    /** Ends the work on the index. What is left undone stays in the outbox. */
    async close(): Promise<void> {
      await largeFiller.close();
      await settler.flush();
      gate.close();
    },
  };
}

function startFillWorker(config: Config): Worker {
  const { databaseUrl, redisUrl, feedRetentionChanges } = config;
  const workerData: FillWorkerData = { databaseUrl, redisUrl, feedRetentionChanges };
  return new Worker(new URL('../fill-worker.js', import.meta.url), {
    workerData,
    // More than it needs. Beyond this the thread ends, not the process.
    resourceLimits: { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 16 },
  });
}
