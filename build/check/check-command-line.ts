import { doesNotMatch, match, strictEqual } from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { attempt, run } from './run.ts';

/** Checks that the installed command runs a job on every supported Node version, and says what to do on an unsupported one. */
export function checkCommandLine(app: string, nodes: Readonly<Record<20 | 22 | 24, string>>): void {
  const command = join(app, 'node_modules', '.bin', 'nightshift');
  const old = attempt(command, ['--version'], { folder: app, node: nodes[20] });
  strictEqual(old.status, 2);
  match(old.output, /^nightshift needs Node 22\.\d+ or newer and runs on 20\..*\n$/);
  match(run(command, ['--version'], { folder: app, node: nodes[22] }), /^\d+\.\d+\.\d+\n$/);
  match(run(command, ['complete', '--', 'run', '--prof'], { folder: app }), /^--profile\t/);
  match(run(command, ['completion', 'bash'], { folder: app }), /nightshift complete --/);
  for (const [node, extension, text] of CONFIGS) runJob(command, nodes[node], { extension, text }, app);
}

const PROFILE = "{ profiles: { mine: { model: 'm', prompt: 'Label {{text}}' } } }";

/** Configurations in each supported form. Each is in a parent folder of the working directory. */
const CONFIGS: readonly [node: 22 | 24, extension: string, text: string][] = [
  [
    22,
    'ts',
    `import { defineConfig } from 'nightshift';\nexport default defineConfig(${PROFILE} as const);\n`,
  ],
  [22, 'mjs', `export default ${PROFILE};\n`],
  [24, 'js', `const { defineConfig } = require('nightshift');\nmodule.exports = defineConfig(${PROFILE});\n`],
  // Runs the bundles of the Lambdas, which need the Node version of the Lambdas.
  [24, 'json', '{ "profiles": { "mine": { "model": "m", "prompt": "Label {{text}}" } } }'],
];

interface WrittenConfig {
  readonly extension: string;
  readonly text: string;
}

function runJob(command: string, node: string, { extension, text }: WrittenConfig, app: string): void {
  // A folder beside the app, where nothing is installed.
  const project = join(app, '..', `config ${extension}`);
  const folder = join(project, 'below');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(project, `nightshift.config.${extension}`), text);
  writeFileSync(join(folder, 'rows.csv'), 'text\none\ntwo\n');
  const bundles = extension === 'json' ? ['--bundles'] : [];
  const ran = run(command, ['run', 'rows.csv', '--profile', 'mine', '--simulate', ...bundles], {
    folder,
    node,
  });
  match(ran, /2 rows: 2 ok/);
  // Node 22 would warn about SQLite and types in a configuration, which are experimental there.
  doesNotMatch(ran, /Warning/);
}
