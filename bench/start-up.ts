import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeMachine, ROOT } from './machine.ts';
import { spread } from './stats.ts';

/**
 * Measures the start of the command line: `--help` and `list` until they end, `run` until its first request reaches a provider.
 * Prints the median and the shortest of several starts; on a busy machine the shortest is closest to the time of the code.
 * With `--package`, measures the package that `npm run build` has built, instead of the sources.
 */

const STARTS = 9;

const CONFIG = (url: string): string => `export default {
  providers: { mine: { dialect: 'openai', baseUrl: '${url}/v1' } },
  profiles: { default: { provider: 'mine', model: 'm' } },
};
`;

interface Start {
  readonly what: string;
  /** Runs the command to its end, which fills the caches of compiled code and of the synthesized stack. */
  readonly warmUp: () => Promise<unknown>;
  /** @returns the duration of one start in milliseconds */
  readonly measure: () => Promise<number>;
}

await using opened = new AsyncDisposableStack();
const folder = await mkdtemp(join(tmpdir(), 'nightshift-start-up-'));
opened.defer(() => rm(folder, { recursive: true, force: true }));
const program = process.argv.includes('--package') ? await openPackage() : join(ROOT, 'bin', 'nightshift.js');
const provider = await openProvider();
opened.defer(() => provider.close());
await writeFile(join(folder, 'nightshift.config.mjs'), CONFIG(provider.url));
await writeFile(join(folder, 'table.csv'), 'id,question\na,How far is the Moon?\nb,How deep is the sea?\n');

const HELP = ['--help'];
const LIST = ['list', '--data', 'data'];
const RUN = ['run', 'table.csv', '--prompt', '{{question}}', '--again', '--data', 'data'];

const starts: readonly Start[] = [
  { what: '`--help`', warmUp: () => untilEnd(HELP), measure: () => untilEnd(HELP) },
  { what: '`list`', warmUp: () => untilEnd(LIST), measure: () => untilEnd(LIST) },
  {
    what: '`run` on a small file, until the first request',
    warmUp: () => provider.denying(() => untilEnd(RUN)),
    measure: untilFirstRequest,
  },
];

const { cpus, node, commit, date } = describeMachine();
process.stdout.write(
  `${cpus}, Node ${node}, commit ${commit}, ${date.slice(0, 10)}; load ${loadavg()[0]?.toFixed(1)}\n\n`,
);
process.stdout.write('| command | median | shortest |\n| --- | --- | --- |\n');
for (const { what, warmUp, measure } of starts) {
  await warmUp();
  const times: number[] = [];
  for (let n = 0; n < STARTS; n += 1) times.push(await measure());
  const { median, min } = spread(times);
  process.stdout.write(`| ${what} | ${seconds(median)} | ${seconds(min)} |\n`);
}

function start(words: readonly string[]): ChildProcess {
  const env = { ...process.env, MINE_API_KEY: 'a-key-of-the-benchmark' };
  return spawn(process.execPath, [program, ...words], { cwd: folder, env, stdio: 'ignore' });
}

async function untilEnd(words: readonly string[]): Promise<number> {
  const startedAt = performance.now();
  await once(start(words), 'exit');
  return performance.now() - startedAt;
}

async function untilFirstRequest(): Promise<number> {
  const asked = provider.nextRequest();
  const startedAt = performance.now();
  const child = start(RUN);
  const exit = once(child, 'exit');
  const which = await Promise.race([asked.then(() => 'asked'), exit.then(() => 'ended')]);
  const took = performance.now() - startedAt;
  child.kill('SIGKILL');
  await exit;
  if (which === 'ended') throw new Error('`run` ended without a request: run it by hand to see why.');
  return took;
}

/**
 * The built package, as npm installs it.
 * @returns the path of its program
 */
async function openPackage(): Promise<string> {
  const dist = join(ROOT, 'dist');
  if (!existsSync(join(dist, 'cli'))) throw new Error('There is no package: run `npm run build` first.');
  const installed = join(folder, 'node_modules', 'nightshift');
  await mkdir(join(installed, 'bin'), { recursive: true });
  for (const file of ['package.json', 'bin/nightshift.js'])
    await copyFile(join(ROOT, file), join(installed, file));
  await symlink(dist, join(installed, 'dist'), 'junction');
  return join(installed, 'bin', 'nightshift.js');
}

/** A provider that only reports when it is called, and does not answer. */
async function openProvider() {
  let asked = Promise.withResolvers<void>();
  let isDenying = false;
  const server = createServer((_, response) => {
    asked.resolve();
    if (isDenying) response.writeHead(401).end();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    nextRequest: () => {
      asked = Promise.withResolvers();
      return asked.promise;
    },
    /** Denies every call meanwhile, so that a run ends at its first request. */
    denying: async (act: () => Promise<unknown>) => {
      isDenying = true;
      await act();
      isDenying = false;
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
