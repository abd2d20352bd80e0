import { readFileSync } from 'node:fs';

interface Profile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: {
      readonly functionName: string;
      readonly url: string;
      readonly lineNumber: number;
    };
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** Where a function comes from: a package, a part of Node, or a feature of the server. */
function originOf(name: string, url: string): string {
  if (url === '') return /^\((garbage|program)/.test(name) ? name : 'native code';
  const [, own] = /server\/dist\/(.*)$/.exec(url) ?? [];
  if (own !== undefined) return own.split('/').slice(0, -1).join('/') || 'server';
  const [, dependency] = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url) ?? [];
  return dependency ?? url.replace(/^(node:[^/]+(?:\/http2)?).*$/, '$1');
}

/** The functions in which a CPU profile spent the most time itself, in percent of the busy time:
 * by origin, and one by one. */
export function summarizeProfile(file: string, count: number): string[] {
  const profile = JSON.parse(readFileSync(file, 'utf8')) as Profile;
  const names = new Map<number, string>();
  const origins = new Map<number, string>();
  for (const { id, callFrame } of profile.nodes) {
    const place = callFrame.url.replace(/^.*\/(node_modules|server\/dist)\//, '$1/');
    const line = callFrame.url === '' ? '' : ` ${place}:${callFrame.lineNumber + 1}`;
    origins.set(id, originOf(callFrame.functionName, callFrame.url));
    names.set(id, `${callFrame.functionName || '(anonymous)'}${line}`);
  }
  const self = new Map<string, number>();
  const byOrigin = new Map<string, number>();
  let busy = 0;
  profile.samples.forEach((id, index) => {
    const name = names.get(id) ?? '?';
    const time = profile.timeDeltas[index] ?? 0;
    // The profiler's own start and stop are no work of the server's.
    if (name === '(idle)' || name.startsWith('post node:inspector')) return;
    busy += time;
    const origin = origins.get(id) ?? '?';
    byOrigin.set(origin, (byOrigin.get(origin) ?? 0) + time);
    self.set(name, (self.get(name) ?? 0) + time);
  });
  const list = (times: Map<string, number>, most: number) =>
    [...times]
      .sort(([, a], [, b]) => b - a)
      .slice(0, most)
      .map(([name, time]) => `${((100 * time) / busy).toFixed(1).padStart(5)} %  ${name}`);
  return [...list(byOrigin, count), '', ...list(self, count)];
}
