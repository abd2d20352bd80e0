import { setTimeout as delay } from 'node:timers/promises';
import type { Caller } from '../../domain/caller.js';
import { CallerBudget } from '../../domain/caller-budget.js';
import type { Entry } from '../../domain/entry.js';
import { FairSlots } from '../../domain/fair-slots.js';
import { isId, type PlayerId } from '../../domain/ids.js';
import type { Ranking } from '../../domain/ranking.js';
import type { EntryStore, IndexInspection } from '../index/ports.js';
import { compareEntry, type Mismatch } from './entry-comparison.js';
import { IndexInquiry, type InquiryParts } from './index-inquiry.js';
import { Verification } from './verification.js';

const PAGE_SIZE = 1_000;
/** Suspects held at the most: some megabytes. */
const MAX_SUSPECTS = 20_000;
/**
 * When suspects are looked at again, in milliseconds after the look before. All rounds together take longer
 * than another server needs to bring in what a dead one left in the outbox.
 */
const ROUNDS_MS = [50, 150, 300, 500, 1_000, 1_500, 2_000] as const;

/** Verifications that are open at a time. */
const MAX_OPEN = 64;
/** Their questions to the store of record that are under way at a time. */
const QUESTIONS = 2;

export interface VerifierParts extends InquiryParts {
  readonly entries: Pick<EntryStore, 'count' | 'scan' | 'find'>;
  readonly encodePayload: (entry: Entry) => Uint8Array;
}

/** A player on whom index and store did not agree when they were last looked at. */
interface Suspect {
  /** The version of the entry when the player became a suspect; 0 if there was none. */
  readonly version: number;
  readonly mismatch: Mismatch;
}

/**
 * Compares the index of rankings with the store of record.
 *
 * Submissions go on meanwhile, and an entry is in the store a moment before it is in the index. So a
 * difference is only a suspicion, which must last.
 *
 * However many are open, others get what they need of the store of record: the questions take turns by caller.
 */
export class Verifier {
  readonly #open = new CallerBudget('verifications', MAX_OPEN);
  readonly #questions = new FairSlots(QUESTIONS);

  constructor(private readonly parts: VerifierParts) {}

  /**
   * Begins to compare. `done` settles at the end; it rejects with LEADERBOARD_NOT_FOUND, OVERLOADED,
   * STORE_UNAVAILABLE, or, after `signal`, with whatever that names.
   */
  verify(
    ranking: Ranking,
    caller: Caller,
    signal: AbortSignal,
  ): { progress: Verification; done: Promise<void> } {
    const { entries, rankings, ...others } = this.parts;
    const inTurn = <T>(ask: () => Promise<T>): Promise<T> =>
      this.#questions.run(caller, async () => {
        signal.throwIfAborted();
        return ask();
      });
    const parts: VerifierParts = {
      ...others,
      rankings: { mark: (rankingNo) => inTurn(() => rankings.mark(rankingNo)) },
      entries: {
        count: (rankingNo) => inTurn(() => entries.count(rankingNo)),
        scan: (...page) => inTurn(() => entries.scan(...page)),
        find: (keys) => inTurn(() => entries.find(keys)),
      },
    };
    const progress = new Verification();
    const run = new VerifyRun(parts, ranking, progress, signal);
    const done = this.#open.during(caller, 'verifications are open', () => run.run());
    return { progress, done };
  }
}

class VerifyRun {
  readonly #inquiry: IndexInquiry;
  readonly #suspects = new Map<PlayerId, Suspect>();

  constructor(
    private readonly parts: VerifierParts,
    private readonly ranking: Ranking,
    private readonly progress: Verification,
    private readonly signal: AbortSignal,
  ) {
    this.#inquiry = new IndexInquiry(parts, ranking, signal, (isWaiting) => {
      progress.waitingForIndex = isWaiting;
    });
  }

  async run(): Promise<void> {
    this.progress.total = await this.parts.entries.count(this.ranking.rankingNo);
    await this.#compareEntries();
    if (this.progress.differenceCount === 0 && (await this.#sameCount())) return;
    await this.#findExtras();
    await this.#findOrphans();
    if (this.progress.differenceCount === 0) await this.#reportDamage();
  }

  async #compareEntries(): Promise<void> {
    let after = '';
    for (;;) {
      this.signal.throwIfAborted();
      const page = await this.parts.entries.scan(this.ranking.rankingNo, after, PAGE_SIZE);
      await this.#comparePage(page);
      if (page.length < PAGE_SIZE) break;
      after = page.at(-1)?.playerId ?? after;
      if (this.#suspects.size > MAX_SUSPECTS) await this.#settle();
    }
    await this.#settle();
  }

  async #comparePage(page: readonly Entry[]): Promise<void> {
    if (page.length === 0) return;
    const inspections = await this.#inquiry.inspect(page.map((entry) => entry.playerId));
    page.forEach((entry, position) => {
      const { found } = inspections[position] as IndexInspection;
      const mismatch = compareEntry(entry, found, this.parts.encodePayload);
      if (mismatch === undefined) return;
      this.#suspects.set(entry.playerId, { version: entry.version, mismatch });
    });
    this.progress.checked += page.length;
    this.progress.total = Math.max(this.progress.total, this.progress.checked);
  }

  /** Whether the index says that it is whole, and has as many players as there are entries. */
  async #sameCount(): Promise<boolean> {
    for (const waitMs of [0, ...ROUNDS_MS.slice(0, 3)]) {
      await delay(waitMs, undefined, { signal: this.signal });
      const players = await this.#inquiry.playersIfWhole();
      const count = await this.parts.entries.count(this.ranking.rankingNo);
      if (players === count) return true;
    }
    return false;
  }

  /** Players of the index without an entry. A submission is in the store first, so these are few. */
  async #findExtras(): Promise<void> {
    for await (const playerIds of this.#inquiry.players('entries')) {
      const entries = await this.#find(playerIds.filter(isId));
      for (const playerId of playerIds) {
        if (entries.has(playerId)) continue;
        const mismatch: Mismatch = { kind: 'extra', description: 'no submission can have made it' };
        // Bytes that are no id never come from the store.
        if (isId(playerId)) this.#suspects.set(playerId, { version: 0, mismatch });
        else this.progress.report({ playerId, ...mismatch });
      }
      if (this.#suspects.size > MAX_SUSPECTS) await this.#settle();
    }
    await this.#settle();
  }

  /** Places in the order that belong to no entry of the index: no submission ever makes one. */
  async #findOrphans(): Promise<void> {
    for await (const playerIds of this.#inquiry.players('orphans')) {
      for (const playerId of playerIds) {
        const description = 'the order of the index has a place that belongs to no entry';
        this.progress.report({ kind: 'extra', playerId, description });
      }
    }
  }

  /** No entry is wrong, and yet the index says that something is. */
  async #reportDamage(): Promise<void> {
    if ((await this.#inquiry.playersIfWhole()) !== undefined) return;
    const description = 'the index keeps a wrong count of its players';
    this.progress.report({ kind: 'different', playerId: '', description });
  }

  /** Looks at the suspects again until each is cleared or has failed all rounds. */
  async #settle(): Promise<void> {
    let round = 0;
    while (this.#suspects.size > 0 && round < ROUNDS_MS.length) {
      await delay(ROUNDS_MS[round], undefined, { signal: this.signal });
      const { outages } = this.#inquiry;
      await this.#lookAgain();
      // What an index missed while it was away has only just been brought in.
      round = this.#inquiry.outages === outages ? round + 1 : 0;
    }
    for (const [playerId, { mismatch }] of this.#suspects) {
      this.progress.report({ playerId, ...mismatch });
    }
    this.#suspects.clear();
  }

  async #lookAgain(): Promise<void> {
    const all = [...this.#suspects.keys()];
    for (let at = 0; at < all.length; at += PAGE_SIZE) {
      const playerIds = all.slice(at, at + PAGE_SIZE);
      const entries = await this.#find(playerIds);
      const inspections = await this.#inquiry.inspect(playerIds);
      for (const { playerId, found } of inspections) {
        const suspect = this.#suspects.get(playerId) as Suspect;
        const entry = entries.get(playerId);
        const mismatch = compareEntry(entry, found, this.parts.encodePayload);
        if (mismatch === undefined || isFollowed(suspect, entry, found)) {
          this.#suspects.delete(playerId);
        } else {
          this.#suspects.set(playerId, { ...suspect, mismatch });
        }
      }
    }
  }

  async #find(playerIds: readonly PlayerId[]): Promise<Map<PlayerId, Entry>> {
    const { rankingNo } = this.ranking;
    const keys = playerIds.map((playerId) => ({ rankingNo, playerId }));
    const entries = await this.parts.entries.find(keys);
    const ranked = entries.filter((entry) => entry.ranked);
    return new Map(ranked.map((entry) => [entry.playerId, entry]));
  }
}

/** Whether the entry keeps changing, and the index is past the version at which the suspicion arose. */
function isFollowed(
  suspect: Suspect,
  entry: Entry | undefined,
  found: IndexInspection['found'],
): boolean {
  if (entry === undefined || !found?.placed) return false;
  return entry.version > suspect.version && found.version >= suspect.version;
}
