#!/usr/bin/env node
// Plain JavaScript, so that an older Node can still say what is missing.
import module from 'node:module';
import { fileURLToPath } from 'node:url';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

if (major > 22 || (major === 22 && minor >= 19)) {
  // Halves the time that loading takes: types are stripped and code is compiled once, not at each start.
  // The variable is for threads: they compile with the cache of their environment.
  process.env['NODE_COMPILE_CACHE'] ??= fileURLToPath(
    new URL('../node_modules/.cache/nightshift-code', import.meta.url),
  );
  module.enableCompileCache();
  await import('./nightshift.ts');
} else {
  process.stderr.write(
    `nightshift needs Node 22.19 or newer and runs on ${process.versions.node}. ` +
      'npm brings Node 24 along: run "npm ci" (without --omit=optional), then "npm start".\n',
  );
  process.exitCode = 2;
}
