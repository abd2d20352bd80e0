/**
 * What Node is told where it runs the server; the Dockerfile and the server's package.json repeat it.
 *
 * A larger young generation: most of what a call allocates is then gone before it is collected. And
 * nothing is made in the old generation from the start: see docs/decisions/0011-stream-table.md.
 */
export const SERVER_FLAGS = [
  '--max-semi-space-size=64',
  '--no-allocation-site-pretenuring',
] as const;
