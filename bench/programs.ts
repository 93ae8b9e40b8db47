import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { build } from 'esbuild';
import type { Command } from './measure.ts';

const NAMES = [
  'build',
  'collect',
  'join',
  'unique-ids',
  'set-of-ids',
  'naive-build',
  'transfer',
  'transfer-openai',
  'empty-handler',
] as const;
export type ProgramName = (typeof NAMES)[number];

/** Bundles our programs as the Lambdas are: what is measured is what is deployed. */
export async function bundlePrograms(
  folder: string,
): Promise<(name: ProgramName, ...args: string[]) => Command> {
  await build({
    entryPoints: NAMES.map((name) => sourceOf(`${name}.ts`)),
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    mainFields: ['module', 'main'],
    banner: { js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);" },
    logLevel: 'error',
  });
  return (name, ...args) => ({ file: process.execPath, args: [join(folder, `${name}.mjs`), ...args] });
}

/** A file of `programs/`. */
export function sourceOf(name: string): string {
  return fileURLToPath(new URL(`programs/${name}`, import.meta.url));
}

/** A file of `baselines/`, run by Python. */
export function python(name: string, ...args: string[]): Command {
  return { file: 'python3', args: [fileURLToPath(new URL(`baselines/${name}`, import.meta.url)), ...args] };
}

export function cat(target: string, ...files: string[]): Command {
  return shell(`cat ${files.map((file) => `'${file}'`).join(' ')} > '${target}'`);
}

export function shell(script: string): Command {
  return { file: 'bash', args: ['-o', 'pipefail', '-c', script] };
}
