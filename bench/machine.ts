import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { arch, cpus, platform, release, totalmem } from 'node:os';
import { join } from 'node:path';

/** The machine and the programs of a run. */
export interface Machine {
  readonly os: string;
  readonly cpus: string;
  readonly memoryGb: number;
  readonly node: string;
  readonly python: string | undefined;
  readonly curl: string | undefined;
  readonly packages: Readonly<Record<string, string>>;
  readonly commit: string;
  /** ISO 8601. */
  readonly date: string;
}

export const ROOT = join(import.meta.dirname, '..');

export function describeMachine(): Machine {
  const [cpu] = cpus();
  return {
    os: `${platform()} ${release()} ${arch()}`,
    cpus: `${cpus().length} x ${cpu?.model.trim() ?? 'unknown'}`,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    python: versionOf('python3')?.replace('Python ', ''),
    curl: versionOf('curl')?.split(' ')[1],
    packages: Object.fromEntries(
      ['undici', '@aws-sdk/client-s3', 'openai'].map((name) => [name, installed(name)]),
    ),
    commit: commit(),
    date: new Date().toISOString(),
  };
}

/** True if a program is installed. */
export function has(program: string): boolean {
  return versionOf(program) !== undefined;
}

function versionOf(program: string): string | undefined {
  return outputOf(program, ['--version'])?.split('\n')[0];
}

function outputOf(program: string, args: readonly string[]): string | undefined {
  try {
    return execFileSync(program, args, { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    return undefined;
  }
}

function commit(): string {
  const hash = outputOf('git', ['rev-parse', '--short', 'HEAD'])?.trim();
  if (hash === undefined) return 'unknown';
  return outputOf('git', ['status', '--porcelain']) === '' ? hash : `${hash} with changes`;
}

function installed(name: string): string {
  const file = join(ROOT, 'node_modules', name, 'package.json');
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
