// What the SDK gives, in the JSON form of the contract.
import {
  type ChangesMessage,
  type RankChange,
  RostrumError,
  type ScoreResult,
  type Standing,
  type StandingList,
  type StandingsEvent,
} from '@rostrum/client';

export function scoreResult(result: ScoreResult): object {
  const { outcome, standing: own, revision, ...rest } = result;
  return {
    ...rest,
    outcome: `OUTCOME_${outcome}`,
    standing: standing(own),
    revision: `${revision}`,
  };
}

export function standing({ submissionCount, ...rest }: Standing): object {
  return { ...rest, submissions: submissionCount };
}

export function standingList({ standings, revision, ...rest }: StandingList): object {
  return { ...rest, standings: standings.map(standing), revision: `${revision}` };
}

export function watchMessage(message: StandingsEvent | ChangesMessage): object {
  const revision = `${message.revision}`;
  if (!('type' in message)) {
    const type = message.changes.length === 0 && !message.reset ? 'checkpoint' : 'changes';
    return { ...message, type, revision, changes: message.changes.map(rankChange) };
  }
  if (message.type === 'snapshot') {
    return { ...message, revision, standings: message.standings.map(standing) };
  }
  if (message.type === 'changes') {
    return { ...message, revision, changes: message.changes.map(rankChange) };
  }
  return { ...message, revision };
}

function rankChange({ kind, standing: own, revision, ...rest }: RankChange): object {
  return {
    ...{ ...rest, kind: `KIND_${kind}`, revision: `${revision}` },
    ...(own !== undefined && { standing: standing(own) }),
  };
}

export function error(of: unknown): object {
  if (!(of instanceof RostrumError)) {
    return { foreign: (of as Error)?.name ?? typeof of, message: String(of) };
  }
  const { code, reason, message, metadata, fieldViolations, retryAfterMs } = of;
  return { code, reason, message, metadata, fieldViolations, retryAfterMs };
}

/** Numbers that JSON does not have, as Protobuf's JSON form writes them. */
export function unwritable(_: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
}
