// The layering of docs and architecture, enforced (`npm run layers`):
//   main → compose → {transport, features, stores, observability} → domain
// TypeScript is read with swc: dependency-cruiser does not know TypeScript 7 yet. Imports of types
// count as imports.
const SERVER = '^server/src';

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'A cycle makes parts that cannot be understood or tested one at a time.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'resolvable',
      comment: 'Imports must lead somewhere.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'no-tests-in-sources',
      comment: 'What is built must not need tests or their support.',
      severity: 'error',
      from: {},
      to: { path: ['^server/test', 'node_modules/(vitest|fast-check)/'] },
    },
    {
      name: 'domain-alone',
      comment: 'The domain knows neither I/O nor the clock, drivers or generated types.',
      severity: 'error',
      from: { path: `${SERVER}/domain` },
      to: { pathNot: `${SERVER}/domain` },
    },
    {
      name: 'features-see-ports',
      comment: 'Features ask for what they need through ports; compose hands it to them.',
      severity: 'error',
      from: { path: `${SERVER}/features` },
      to: { path: [`${SERVER}/stores`, 'node_modules/(pg|ioredis)/'] },
    },
    {
      name: 'features-by-port',
      comment:
        'A feature sees another only through its port; what they share on the wire is in wire/.',
      severity: 'error',
      from: { path: `${SERVER}/features/([^/]+)/` },
      to: {
        path: `${SERVER}/features/`,
        pathNot: [`${SERVER}/features/$1/`, '/[^/]*ports?[.]ts$'],
      },
    },
    {
      name: 'rules-apart-from-transport',
      comment:
        'Only the wire/ folder of a feature knows how it is served; the rest holds its rules.',
      severity: 'error',
      from: { path: `${SERVER}/features`, pathNot: `${SERVER}/features/[^/]+/wire/` },
      to: { path: [`${SERVER}/transport`, 'node_modules/@grpc/'] },
    },
    {
      name: 'shared-wire-alone',
      comment: 'What several features share on the wire knows the contract and the domain only.',
      severity: 'error',
      from: { path: `${SERVER}/wire/` },
      to: { path: SERVER, pathNot: `${SERVER}/(wire|gen|domain)/` },
    },
    {
      name: 'stores-behind-ports',
      comment: 'Stores know the ports they implement and the domain, nothing else of the server.',
      severity: 'error',
      from: { path: `${SERVER}/stores` },
      to: {
        path: SERVER,
        pathNot: [
          `${SERVER}/stores`,
          `${SERVER}/domain`,
          `${SERVER}/observability`,
          `${SERVER}/features/.*ports?[.]ts$`,
        ],
      },
    },
    {
      name: 'transport-knows-no-feature',
      comment: 'Transport serves whatever compose hands it.',
      severity: 'error',
      from: { path: `${SERVER}/transport` },
      to: { path: [`${SERVER}/features`, `${SERVER}/stores`] },
    },
    {
      name: 'observability-apart',
      comment: 'Everything may log and measure; logging and measuring need nobody.',
      severity: 'error',
      from: { path: `${SERVER}/observability` },
      to: { path: [`${SERVER}/(features|stores|transport|gen)`] },
    },
    {
      name: 'wiring-in-compose',
      comment:
        'Only main composes, and nobody imports main; a thread composes what it needs itself.',
      severity: 'error',
      from: { path: SERVER, pathNot: [`${SERVER}/(main|compose|fill-worker)`] },
      to: { path: `${SERVER}/(main|compose|fill-worker)` },
    },
    {
      name: 'generated-at-the-edge',
      comment: 'Generated types stay in transport and in the folders named wire.',
      severity: 'error',
      from: {
        path: SERVER,
        pathNot: `${SERVER}/(gen|transport|wire|features/[^/]+/wire)/`,
      },
      to: { path: `${SERVER}/gen/` },
    },
    {
      name: 'clients-apart',
      comment: 'Clients speak to the server through the contract only.',
      severity: 'error',
      from: { path: '^clients/' },
      to: { path: '^(server|scripts|certs)/' },
    },
    {
      name: 'cli-on-the-sdk',
      comment: 'The command uses the SDK as everyone else does.',
      severity: 'error',
      from: { path: '^clients/cli/src' },
      to: { path: ['/gen/', 'node_modules/@grpc/', '^clients/typescript/src'] },
    },
  ],
  options: {
    // Tests may reach across; and swc's reader stops at the `using` they are fond of.
    exclude: { path: '[.]spec[.]ts$' },
    parser: 'swc',
    tsPreCompilationDeps: true,
    doNotFollow: { path: ['node_modules', '/dist/'] },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'types', 'node', 'default'],
      extensions: ['.ts', '.js', '.json'],
    },
  },
};
