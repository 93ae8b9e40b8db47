import { mkdirSync } from 'node:fs';
import { main } from '../../cli/main.ts';
import { USER_ENV, type Exited } from './spawn-cli.ts';

/** Step threads compile with the cache of the command line. Without it, each of them takes a second to load. */
const COMPILE_CACHE = new URL('../../node_modules/.cache/nightshift-code', import.meta.url).pathname;

let last: Promise<unknown> = Promise.resolve();

/**
 * Runs the command line in this process, with a user's folder, environment and output. Sufficient to test what a command does and prints; tests of
 * signals, terminals, pipes and configurations in TypeScript need a separate process (`spawnCli`). Only one call at a time, because folder,
 * environment and output belong to the process.
 */
export function runCli(
  cwd: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Exited> {
  const run = last.then(() =>
    runAlone(cwd, args, { ...USER_ENV, NODE_COMPILE_CACHE: COMPILE_CACHE, ...env }),
  );
  last = run.catch(() => undefined);
  return run;
}

async function runAlone(
  cwd: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Exited> {
  mkdirSync(COMPILE_CACHE, { recursive: true });
  const before = { cwd: process.cwd(), env: { ...process.env }, exitCode: process.exitCode };
  const signals = SIGNALS.map((name) => ({ name, known: process.listeners(name) }));
  const stdout = capture(process.stdout);
  const stderr = capture(process.stderr);
  try {
    setEnvironment(env);
    process.chdir(cwd);
    process.exitCode = undefined;
    await main(args);
    return { status: exitCode(), stdout: stdout.text(), stderr: stderr.text() };
  } finally {
    stdout.restore();
    stderr.restore();
    process.chdir(before.cwd);
    setEnvironment(before.env);
    process.exitCode = before.exitCode;
    for (const { name, known } of signals) dropListeners(name, known);
  }
}

/** A command that waits handles these signals until its process ends. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

function dropListeners(name: NodeJS.Signals, known: readonly NodeJS.SignalsListener[]): void {
  for (const listener of process.listeners(name)) {
    if (!known.includes(listener)) process.removeListener(name, listener);
  }
}

/** The command sets it, which the compiler does not know. */
function exitCode(): number {
  return Number(process.exitCode ?? 0);
}

function setEnvironment(env: Readonly<NodeJS.ProcessEnv>): void {
  for (const name of Object.keys(process.env)) if (env[name] === undefined) delete process.env[name];
  Object.assign(process.env, env);
}

function capture(stream: NodeJS.WriteStream): { text: () => string; restore: () => void } {
  const chunks: Buffer[] = [];
  const { isTTY } = stream;
  const write = stream.write.bind(stream);
  stream.isTTY = false;
  stream.write = (chunk: Uint8Array | string): boolean => {
    chunks.push(Buffer.from(chunk));
    return true;
  };
  return {
    text: () => Buffer.concat(chunks).toString('utf8'),
    restore: () => void Object.assign(stream, { write, isTTY }),
  };
}
