#!/usr/bin/env node
// Plain JavaScript, so that an older Node can still say what is missing.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

if (major > 22 || (major === 22 && minor >= 19)) {
  await import('./nightshift.ts');
} else {
  process.stderr.write(
    `nightshift needs Node 22.19 or newer and runs on ${process.versions.node}. ` +
      'npm brings Node 24 along: run "npm ci" (without --omit=optional), then "npm start".\n',
  );
  process.exitCode = 2;
}
