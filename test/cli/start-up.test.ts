import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { openTempFolder } from '../support/temp-folder.ts';
import { spawnCli } from './spawn-cli.ts';

/** Appends each module that a thread loads to the file `LOADED`, as `<thread> <url>`. */
const NOTE = `import { appendFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { threadId } from 'node:worker_threads';
const known = new Set();
registerHooks({
  resolve: (specifier, context, next) => {
    const found = next(specifier, context);
    if (!known.has(found.url)) appendFileSync(process.env.LOADED, \`\${threadId} \${found.url}\\n\`);
    known.add(found.url);
    return found;
  },
});`;

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Modules that no thread needs before the first request. */
const NEEDLESS =
  /\/(@aws-sdk|@hono|hono|openai|ajv)\/|aws-cdk-lib\/.*\.js$|zod\/v4\/locales\/(?!en)|^src\/(api|report|tables)\//;

/** Modules that only steps need: calls to a provider, rows and results. */
const OF_STEPS =
  /^node_modules\/undici\/|^src\/(steps|fast-path|collect)\/|^src\/provider\/(client|adapters)|^src\/rows\/formats\.ts$|^host\/template\//;

/** Modules that only the command needs: its options, the configuration, the engine. */
const OF_COMMAND =
  /^node_modules\/(zod|commander|croner|aws-local-stepfunctions)\/|^(cli|lib)\/|^src\/config\//;

const MOST_OF_COMMAND = 240;
const MOST_OF_STEPS = 300;

/** The modules that `run` loads before its first request: those of the command, and those of the thread of its steps. */
async function loadedByRun(): Promise<{ readonly command: string[]; readonly steps: string[] }> {
  const folder = await openTempFolder();
  const log = join(folder, 'loaded.txt');
  const loaded: string[] = [];
  const server = createServer((_, response) => {
    loaded.push(readFileSync(log, 'utf8'));
    response.writeHead(401).end();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  await writeFile(join(folder, 'table.csv'), 'question\nHow far is the Moon?\n');
  const env = {
    MELIOUS_API_KEY: 'a-key-of-a-test',
    PROVIDER_BASE_URLS: JSON.stringify({ melious: `http://127.0.0.1:${port}/v1` }),
  };
  const note = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(NOTE)}`, LOADED: log };
  const run = ['run', 'table.csv', '--model', 'm', '--prompt', '{{question}}', '--again'];
  // The first run may synthesize the stack, for which it loads the CDK.
  for (const noted of [{}, note]) {
    loaded.length = 0;
    writeFileSync(log, '');
    const { status, stderr } = await spawnCli(folder, run, { ...env, ...noted });
    expect([status, stderr]).toEqual([1, expect.stringContaining('401')]);
  }
  const [first = ''] = loaded;
  const of = (thread: number): string[] =>
    first
      .split('\n')
      .filter((line) => line.startsWith(`${thread} file:`))
      .map((line) => line.slice(2).replace(`file://${ROOT}`, ''));
  return { command: of(0), steps: of(1) };
}

test('before its first request, run loads few modules in each of its two threads, and none without need', async () => {
  const { command, steps } = await loadedByRun();

  // The thread loads while the command loads.
  expect(command.indexOf('host/step-thread.ts')).toBeGreaterThan(0);
  expect(command.indexOf('host/step-thread.ts')).toBeLessThan(command.indexOf('cli/main.ts'));
  expect([...command, ...steps].filter((path) => NEEDLESS.test(path))).toEqual([]);
  expect(command.filter((path) => OF_STEPS.test(path))).toEqual([]);
  expect(steps.filter((path) => OF_COMMAND.test(path))).toEqual([]);
  // Each module takes about 0.5 ms.
  expect(command.length).toBeGreaterThan(100);
  expect(command.length).toBeLessThanOrEqual(MOST_OF_COMMAND);
  expect(steps.length).toBeGreaterThan(100);
  expect(steps.length).toBeLessThanOrEqual(MOST_OF_STEPS);
});
