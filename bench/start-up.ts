import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeMachine, ROOT } from './machine.ts';
import { spread } from './stats.ts';

/**
 * Measures the start of the command line: `--help` and `list` until they end, `run` until its first request reaches a provider.
 * Prints the median and the shortest of several starts; on a busy machine the shortest is closest to the time of the code.
 */

const STARTS = 9;

/** Starts that are not counted, because they fill the caches of compiled code and of the synthesized stack. */
const WARM_UP = 1;

const CONFIG = (url: string): string => `export default {
  providers: { mine: { dialect: 'openai', baseUrl: '${url}/v1' } },
  profiles: { default: { provider: 'mine', model: 'm' } },
};
`;

interface Start {
  readonly what: string;
  /** @returns the duration of one start in milliseconds */
  readonly measure: () => Promise<number>;
}

await using opened = new AsyncDisposableStack();
const folder = await mkdtemp(join(tmpdir(), 'nightshift-start-up-'));
opened.defer(() => rm(folder, { recursive: true, force: true }));
const provider = await openProvider();
opened.defer(() => provider.close());
await writeFile(join(folder, 'nightshift.config.mjs'), CONFIG(provider.url));
await writeFile(join(folder, 'table.csv'), 'id,question\na,How far is the Moon?\nb,How deep is the sea?\n');

const starts: readonly Start[] = [
  { what: '`--help`', measure: () => untilEnd(['--help']) },
  { what: '`list`', measure: () => untilEnd(['list', '--data', 'data']) },
  { what: '`run` on a small file, until the first request', measure: untilFirstRequest },
];

const { cpus, node, commit, date } = describeMachine();
process.stdout.write(
  `${cpus}, Node ${node}, commit ${commit}, ${date.slice(0, 10)}; load ${loadavg()[0]?.toFixed(1)}\n\n`,
);
process.stdout.write('| command | median | shortest |\n| --- | --- | --- |\n');
for (const { what, measure } of starts) {
  const times: number[] = [];
  for (let n = 0; n < WARM_UP + STARTS; n += 1) times.push(await measure());
  const { median, min } = spread(times.slice(WARM_UP));
  process.stdout.write(`| ${what} | ${seconds(median)} | ${seconds(min)} |\n`);
}

function start(words: readonly string[]): ChildProcess {
  const command = [join(ROOT, 'bin', 'nightshift.js'), ...words];
  const env = { ...process.env, MINE_API_KEY: 'a-key-of-the-benchmark' };
  return spawn(process.execPath, command, { cwd: folder, env, stdio: 'ignore' });
}

async function untilEnd(words: readonly string[]): Promise<number> {
  const startedAt = performance.now();
  await once(start(words), 'exit');
  return performance.now() - startedAt;
}

async function untilFirstRequest(): Promise<number> {
  const asked = provider.nextRequest();
  const startedAt = performance.now();
  const child = start(['run', 'table.csv', '--prompt', '{{question}}', '--again', '--data', 'data']);
  const exit = once(child, 'exit');
  const which = await Promise.race([asked.then(() => 'asked'), exit.then(() => 'ended')]);
  const took = performance.now() - startedAt;
  child.kill('SIGKILL');
  await exit;
  if (which === 'ended') throw new Error('`run` ended without a request: run it by hand to see why.');
  return took;
}

/** A provider that never answers and only reports when it is called. */
async function openProvider() {
  let asked = Promise.withResolvers<void>();
  const server = createServer(() => asked.resolve());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    nextRequest: () => {
      asked = Promise.withResolvers();
      return asked.promise;
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1_000).toFixed(2)} s`;
}
