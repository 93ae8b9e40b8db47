#!/usr/bin/env node
// Plain JavaScript, so that an older Node can still say what is missing.
import { existsSync } from 'node:fs';
import module from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
/** In a clone of the repository the sources run as they are; the package has none. */
const isClone = existsSync(new URL('./nightshift.ts', import.meta.url));

if (major > 22 || (major === 22 && minor >= 19)) {
  // Halves the time that loading takes: types are stripped and code is compiled once, not at each start.
  // The variable is for threads: they compile with the cache of their environment.
  process.env['NODE_COMPILE_CACHE'] ??= isClone
    ? fileURLToPath(new URL('../node_modules/.cache/nightshift-code', import.meta.url))
    : join(tmpdir(), 'node-compile-cache');
  module.enableCompileCache();
  await import(isClone ? './nightshift.ts' : '../dist/cli/nightshift.js');
} else {
  const how = isClone
    ? 'npm brings Node 24 along: run "npm ci" (without --omit=optional), then "npm start".'
    : 'Install a newer one from https://nodejs.org, or put "npx -p node@24 -p nightshift" before the command.';
  process.stderr.write(`nightshift needs Node 22.19 or newer and runs on ${process.versions.node}. ${how}\n`);
  process.exitCode = 2;
}
