import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { has } from './machine.ts';

/** What one process took: seconds and megabytes. A shell's figures hold those of the commands it ran. */
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
 * Runs a command as a process of its own. Node has no wait4, and `/usr/bin/time` is not everywhere: where there is python3
 * (a baseline needs it anyway), `wait4.py` asks the kernel; elsewhere there is wall time alone.
 * @throws Error with the command's last words when it fails.
 */
export async function measure({ argv, env = {} }: Command): Promise<Measured> {
  const asked = hasPython() ? ['python3', join(import.meta.dirname, 'wait4.py'), ...argv] : argv;
  const [program = '', ...args] = asked;
  const start = performance.now();
  const child = spawn(program, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  const [stdout, stderr, told, status] = await Promise.all([
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
  return { ...(told === '' ? { wall } : (JSON.parse(told) as Taken)), stdout };
}

let python: boolean | undefined;
const hasPython = (): boolean => (python ??= has('python3'));

async function textOf(stream: Readable | null): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream ?? []) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
