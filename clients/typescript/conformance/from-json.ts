// The JSON form of the contract, as the SDK's callers write it.
import type {
  CallOptions,
  ClientOptions,
  RankingRules,
  RostrumClient,
  ScoreSubmission,
  WatchChangesRequest,
  WatchStandingsRequest,
} from '@rostrum/client';
import * as to from './to-json.ts';
import { Unsupported } from './unsupported.ts';

// biome-ignore lint/suspicious/noExplicitAny: what the runner sends is checked by the SDK, which is what is tried here
export type Json = Record<string, any>;

export function clientOptions({ environment: _, tls, ...rest }: Json): ClientOptions {
  return { ...rest, ...(tls !== undefined && { tls: tlsOptions(tls) }) };
}

function tlsOptions(tls: Json): ClientOptions['tls'] {
  const source = (value: string | { pem: string }) =>
    typeof value === 'object' ? new TextEncoder().encode(value.pem) : value;
  return Object.fromEntries(
    Object.entries(tls).map(([key, value]) => [key, key === 'serverName' ? value : source(value)]),
  ) as unknown as ClientOptions['tls'];
}

/** A submission that is no object is given as it is, for the SDK to refuse. */
export function submission(given: Json): ScoreSubmission {
  return typeof given === 'object' && given !== null ? fields(given) : given;
}

function fields({ score, subscore, clientTime, newLeaderboard, ...rest }: Json) {
  return {
    ...{ ...rest, score: number(score) },
    ...(subscore !== undefined && { subscore: number(subscore) }),
    ...(clientTime !== undefined && { clientTime: date(clientTime) }),
    ...(newLeaderboard !== undefined && { newLeaderboard: rules(newLeaderboard) }),
  } as ScoreSubmission;
}

function date(text: string): Date {
  if (/\.\d{3}\d*[1-9]/.test(text)) throw new Unsupported('a Date has milliseconds');
  return new Date(text);
}

function number(value: number | string | null | undefined): number {
  return typeof value === 'string' ? Number(value) : ((value ?? 0) as number);
}

function rules({ aggregation, sortOrder, subscoreSortOrder }: Json): RankingRules {
  const name = (value: string | undefined, prefix: string) => value?.replace(prefix, '');
  return {
    ...(aggregation !== undefined && { aggregation: name(aggregation, 'AGGREGATION_') }),
    ...(sortOrder !== undefined && { sortOrder: name(sortOrder, 'SORT_ORDER_') }),
    ...(subscoreSortOrder !== undefined && {
      subscoreSortOrder: name(subscoreSortOrder, 'SORT_ORDER_'),
    }),
  } as RankingRules;
}

export function watchStandings(request: Json): WatchStandingsRequest {
  const { top, around, players, minInterval, ...rest } = request;
  const view = top
    ? { top: top.count }
    : around
      ? { around: around.playerId, count: around.count }
      : players && { players: players.playerIds };
  return {
    ...rest,
    ...(view !== undefined && { view }),
    ...(minInterval !== undefined && { minIntervalMs: Number.parseFloat(minInterval) * 1000 }),
  } as WatchStandingsRequest;
}

export function watchChanges(request: Json): WatchChangesRequest {
  return request as unknown as WatchChangesRequest;
}

type Call = (client: RostrumClient, request: Json, options: CallOptions) => Promise<object>;

/** The methods of the contract that the SDK has calls for. */
export const CALLS: Readonly<Record<string, Call>> = {
  'StandingService/GetStanding': async (client, request, options) => {
    const { standing, ...rest } = await client.standings.get(request as never, options);
    return { ...rest, revision: `${rest.revision}`, standing: to.standing(standing) };
  },
  'StandingService/ListStandings': async (client, request, options) => {
    return to.standingList(await client.standings.listPage(request as never, options));
  },
  'StandingService/ListStandingsAround': async (client, request, options) => {
    return to.standingList(await client.standings.around(request as never, options));
  },
  'StandingService/BatchGetStandings': async (client, request, options) => {
    const { standings, revision, ...rest } = await client.standings.batchGet(
      request as never,
      options,
    );
    return {
      ...{ ...rest, revision: `${revision}` },
      standings: standings.map(({ relativeRank, ...own }) => ({
        standing: to.standing(own),
        relativeRank,
      })),
    };
  },
  'LeaderboardService/CreateLeaderboard': async (client, { leaderboard }, options) => {
    const { displayName, ...rest } = leaderboard as Json;
    const settings = { ...rest, ...rules(rest), ...(displayName && { displayName }) };
    await client.leaderboards.create(settings as never, options);
    return {};
  },
  'LeaderboardService/UpdateLeaderboard': async (client, { leaderboard }, options) => {
    const settings = { ...leaderboard, ...rules(leaderboard) };
    await client.leaderboards.update(settings as never, options);
    return {};
  },
  'LeaderboardService/ListLeaderboards': async (client, request, options) => {
    const { nextPageToken, leaderboards } = await client.leaderboards.listPage(request, options);
    return {
      nextPageToken,
      leaderboards: leaderboards.map(({ leaderboardId }) => ({ leaderboardId })),
    };
  },
  'LeaderboardService/DeleteLeaderboard': async (client, request, options) => {
    await client.leaderboards.delete(request as never, options);
    return {};
  },
  'AdminService/GetServerStats': async (client, _, options) => {
    return await client.admin.stats({}, options);
  },
  'AdminService/Ping': async (client, request, options) => {
    return await client.admin.ping(request as never, options);
  },
};
