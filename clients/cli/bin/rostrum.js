#!/usr/bin/env node
// Checked before anything is loaded: on an older Node the imports below fail with a riddle.
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 12)) {
  process.stderr.write(
    `rostrum needs Node 22.12 or later; this is ${process.versions.node}. Run it as \`npx rostrum\` inside a checkout, or update Node.\n`,
  );
  process.exit(1);
}
try {
  await import('../dist/main.js');
} catch (error) {
  if (error?.code !== 'ERR_MODULE_NOT_FOUND' || !String(error.url ?? '').endsWith('/dist/main.js'))
    throw error;
  process.stderr.write('rostrum is not built yet. Run `npm run build` in the checkout.\n');
  process.exit(1);
}
