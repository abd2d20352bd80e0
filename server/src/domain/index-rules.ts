/**
 * The rules for when the index is believed, written to and abandoned.
 *
 * PostgreSQL decides, Redis ranks. What is in Redis may be lost, be older than it was, or be there twice:
 * for a while after a failover two Redis servers take commands, and each Rostrum server finds the new one
 * in its own time. So everything that is said of the index names the **life** of the index that it is
 * about. A life is one tenure of one Redis server, from the moment when a Rostrum server declares it in
 * PostgreSQL until the next one is declared. Its id is made for it and never used again; it is kept with
 * the index of each ranking (in Redis), with the mark of each ranking and in each confirmation.
 *
 * **A server and the lives** (`nextStep`, run by IndexGate)
 *
 *     state        event                                              next
 *     lost         connected to a primary                             joining
 *     joining      its life is the present one, and ready             recovering
 *                  its life is the present one, not ready             waiting
 *                  its life ended a short while ago                   lost (connects anew)
 *                  it has no life, or that ended `SUPERSEDED_MS` ago  declares one, waiting
 *                  it has gone back in its life                       declares one, waiting
 *     waiting      for `LEASE_MS`                                     recovering (marks the life ready)
 *     recovering   all that was committed is brought in               open
 *     open         a command failed                                   recovering
 *     any          the connection broke, Redis is another or went back  lost
 *     any          another life is the present one                    lost (connects anew)
 *
 * Only an open server answers from the index, and only while its **lease** holds (`leaseHolds`): it has
 * asked PostgreSQL less than `LEASE_MS` ago whether its life is still the present one. A new life opens only
 * when every lease on those before is over, so no two lives answer at the same time. While PostgreSQL is
 * down nobody can declare a life, so its silence prolongs a lease: that of `enoughSilenceMs` at the least,
 * in which this server was awake and nothing at all came as an answer. The price: a server that is cut off
 * from PostgreSQL alone, or whose first answers take longer than that, and that is left on a Redis that the
 * others have given up, shows old standings until PostgreSQL answers it.
 *
 * **A Redis that goes back** (`hasGoneBack`) to an earlier state without a restart, such as that of a snapshot
 * of its machine, ends its life: what was confirmed since is not there. So each server counts in Redis, for
 * its life, several times a second and on every connection, and remembers the count. What it trusted on the
 * connection before is compared with the mark again. The next life takes over no index from before: a server
 * that did not notice at once may have written to one, so that its revision tells nothing.
 *
 * **A ranking's index** (`assess`, run by IndexBuilder under the ranking's build lock)
 *
 *     mark                index of the life that the server is in        what is done
 *     whole, this life    of that life and epoch, not behind the mark    serve
 *     whole, older life   of that life and epoch, not behind the mark    adopt: a new epoch in this life
 *     anything else                                                      build: the mark is first revoked
 *
 * **Confirmations** (`confirms`, run in the statement that settles the outbox; a test holds the two
 * together). A batch leaves the outbox when each of its rankings is confirmed by the life in the mark:
 * `written`: the index has the entries; `unserved`: that life has no index that serves, and the one that
 * will serve is given them or is made from PostgreSQL later. The second counts only while the mark is
 * revoked, or for the epoch that was being built: some older copy could be adopted otherwise.
 *
 * **The invariant.** At every moment, and in every Redis server that there is: if its index of a ranking
 * may serve or be adopted by the ranking's mark, then each committed entry of the ranking is in that
 * index or named in the outbox. `server/test/exploration` runs `nextStep`, `hasGoneBack`, `assess` and `confirms`
 * with two servers, two Redis servers, crashes and lost answers, and finds it kept in all states. It knows no time:
 * index-rules.spec.ts and index-lease.spec.ts test `leaseHolds` and `enoughSilenceMs`.
 */

/** The id of a life. */
export type LifeId = string & { readonly brand: 'LifeId' };

/** A life as PostgreSQL has it. */
export interface Life {
  readonly id: LifeId;
  /** The Redis server: its run id and its replication id. */
  readonly redis: string;
  /** Whether every lease on the lives before is over. */
  readonly ready: boolean;
}

/** A life and its Redis server: commands of a life go to that server only. */
export interface Tenure {
  readonly life: LifeId;
  readonly redis: string;
}

/** For how long, in milliseconds, a server may answer from a life after it asked whether it is the present one. */
export const LEASE_MS = 750;
/** How often it asks. */
export const LEASE_POLL_MS = 200;
/** After this long without an answer, in milliseconds, PostgreSQL counts as away if it used to be fast. */
export const LEASE_TIMEOUT_MS = 1000;
/**
 * For how long, in milliseconds, a server that reaches only a Redis whose life is over tries to reach another
 * before it declares a new life there: its address may be about to move, or has moved back for good.
 */
export const SUPERSEDED_MS = 10_000;

/**
 * Whether a Redis shows an earlier state of a life than a server has seen. One that shows no count of the life
 * has lost everything of it, or was never in it: the marks tell.
 *
 * @param seen the count that this server saw last in the life; 0 if it saw none
 */
export function hasGoneBack(seen: number, found: number | undefined): boolean {
  return found !== undefined && found < seen;
}

/** What a server that is connected to a Redis does next. */
export type NextStep = 'recover' | 'wait' | 'declare' | 'connect anew';

/**
 * @param redis the Redis server that is connected
 * @param present the present life
 * @param wasSuperseded whether there was a life of that Redis server before the present one
 * @param supersededForMs for how long this server has reached only a Redis whose life is over
 * @param wentBack whether that Redis has gone back in the present life
 */
export function nextStep(
  redis: string,
  present: Life | undefined,
  wasSuperseded: boolean,
  supersededForMs: number,
  wentBack: boolean,
): NextStep {
  if (present?.redis === redis && !wentBack) return present.ready ? 'recover' : 'wait';
  return wasSuperseded && supersededForMs < SUPERSEDED_MS ? 'connect anew' : 'declare';
}

/** What a server knows of its life; times by its own monotonic clock, in milliseconds. */
export interface Lease {
  /** When the question was asked to which it heard last that its life is the present one. */
  readonly askedAtMs: number | undefined;
  /** When PostgreSQL was found to be silent last; undefined if it has answered since. */
  readonly silentAtMs: number | undefined;
}

export function leaseHolds({ askedAtMs, silentAtMs }: Lease, nowMs: number): boolean {
  const isPresent = askedAtMs !== undefined && nowMs - askedAtMs < LEASE_MS;
  return isPresent || (silentAtMs !== undefined && nowMs - silentAtMs < LEASE_MS);
}

/**
 * For how long, in milliseconds, PostgreSQL must have been silent to count as away.
 *
 * @param slownessMs how long its answers took lately
 */
export function enoughSilenceMs(slownessMs: number): number {
  return Math.min(Math.max(LEASE_TIMEOUT_MS, 3 * slownessMs), 5 * LEASE_TIMEOUT_MS);
}

/** What PostgreSQL knows of the index of a ranking. */
export interface IndexMark {
  /** The life in which the epoch began; undefined before the first. */
  readonly life: LifeId | undefined;
  /** Grows with every index that is built or adopted; 0 before the first. */
  readonly epoch: number;
  /** Whether an index of this epoch was complete. False while one is being built. */
  readonly whole: boolean;
  /** An index with a lower revision has lost data. */
  readonly settledRevision: number;
  /** Whether a Redis went back after that life: then no revision tells what an index lacks. */
  readonly isDoubtful?: boolean;
}

/** What Redis has of the index of a ranking. */
export interface IndexState {
  /** The epoch that serves; undefined if there is none or it is damaged. */
  readonly epoch: number | undefined;
  /** The life in which this epoch began; empty if there is none. */
  readonly life: string;
  readonly revision: number;
  readonly players: number;
}

export type Assessment = 'serve' | 'adopt' | 'build';

/** What a server in `life` does with the index that it finds. */
export function assess(mark: IndexMark, state: IndexState, life: LifeId): Assessment {
  const isComplete =
    mark.whole &&
    mark.isDoubtful !== true &&
    state.life === mark.life &&
    state.epoch === mark.epoch &&
    state.revision >= mark.settledRevision;
  if (!isComplete) return 'build';
  return mark.life === life ? 'serve' : 'adopt';
}

/** What a life of the index confirmed of the entries that a batch has in one ranking. */
export type Confirmation =
  /** The index has the entries, at this revision. */
  | { readonly kind: 'written'; readonly life: LifeId; readonly revision: number }
  /** No index serves. The one that is being built for this epoch was given them; 0: none is. */
  | { readonly kind: 'unserved'; readonly life: LifeId; readonly epoch: number };

/** Whether a confirmation counts; rostrum.settle_outbox does the same. */
export function confirms(confirmation: Confirmation, mark: IndexMark): boolean {
  if (confirmation.life !== mark.life) return false;
  return confirmation.kind === 'written' || !mark.whole || confirmation.epoch === mark.epoch;
}
