import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { has } from './machine.ts';

/** Resources of one process, in seconds and megabytes. A shell's figures include those of its commands. */
export interface Taken {
  readonly wall: number;
  readonly cpu?: number | undefined;
  readonly rssMb?: number | undefined;
}

/** A program and its arguments. */
export interface Command {
  readonly argv: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface Measured extends Taken {
  readonly stdout: string;
}

/**
 * Runs a command as a process and measures it. Node has no wait4, and `/usr/bin/time` is not installed everywhere. With python3,
 * which a baseline needs anyway, `wait4.py` reads the figures from the kernel; without it only wall time is measured.
 * @throws Error with the end of the command's output when it fails
 */
export async function measure({ argv, env = {} }: Command): Promise<Measured> {
  const asked = hasPython() ? ['python3', join(import.meta.dirname, 'wait4.py'), ...argv] : argv;
  const [program = '', ...args] = asked;
  const start = performance.now();
  const child = spawn(program, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  const [stdout, stderr, resources, status] = await Promise.all([
    textOf(child.stdout),
    textOf(child.stderr),
    textOf(child.stdio[3] as Readable),
    new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    }),
  ]);
  const wall = (performance.now() - start) / 1_000;
  if (status !== 0) throw new Error(`${argv.join(' ')} ended with ${status}: ${stderr.slice(-2_000)}`);
  return { ...(resources === '' ? { wall } : (JSON.parse(resources) as Taken)), stdout };
}

let python: boolean | undefined;
const hasPython = (): boolean => (python ??= has('python3'));

async function textOf(stream: Readable | null): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream ?? []) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
