import { match } from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { install, run } from './run.ts';

/** Checks the first steps of a new user: creates a project, installs, runs, and synthesizes. */
export function checkProject(folder: string, tarball: string): void {
  run('npm', ['exec', '--yes', `--package=${tarball}`, '--', 'nightshift', 'init'], { folder });
  install(folder);
  match(run('npm', ['start'], { folder }), /│ q4 .*[^]*4 rows: 4 ok/);
  // Uses no account, and no network except this machine.
  const env = { HTTPS_PROXY: 'http://127.0.0.1:9', AWS_EC2_METADATA_DISABLED: 'true' };
  run('npm', ['run', 'synth'], { folder, env });
  if (!existsSync(join(folder, 'cdk.out', 'Nightshift.template.json')))
    throw new Error('npm run synth left no template.');
}
