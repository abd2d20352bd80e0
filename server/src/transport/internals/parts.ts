/**
 * What is done through private parts of Node and grpc-js, and what is lost without it. README.md here
 * says what each touches. `ROSTRUM_INTERNALS` turns parts off; `self-check.ts` finds those that no
 * longer work with a new version of either.
 */
export const PARTS = {
  'stream-table': 'calls cost up to an eighth more CPU time',
  'frame-batch': 'streamed answers cost a fifth more CPU time',
  'request-headers':
    'headers of no use can take much memory, and deadlines of more than 24 days end calls early',
  'incomplete-requests': 'requests that are begun and not completed are not bounded',
} as const;

export type Part = keyof typeof PARTS;
export const ALL_PARTS = Object.keys(PARTS) as Part[];
