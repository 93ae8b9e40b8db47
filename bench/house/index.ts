import { readFileSync, writeFileSync } from 'node:fs';
import { Command } from 'commander';
import { LAYERS } from './layers.ts';
import { importRules } from './import-rules.ts';
import { fileSizes, functionSizes, importsUp } from './measure.ts';

const CONFIG = '.oxlintrc.json';

await new Command('house')
  .description('print the sizes of files and functions, and the layers of src')
  .option('--write', `write the layers into ${CONFIG} as import rules`)
  .action(({ write }: { readonly write?: true }) => (write === true ? writeRules() : print()))
  .parseAsync();

function print(): void {
  const files = [...fileSizes()].map(([name, lines]) => ({ name, lines }));
  for (const line of [describe('files', files), describe('functions', functionSizes())]) printLine(line);
  printLine(`layers     ${LAYERS.length}`);
  const up = importsUp();
  printLine(`imports up ${up.length}`);
  for (const each of up) printLine(`  ${each}`);
}

interface Sized {
  readonly name: string;
  readonly lines: number;
}

function describe(what: string, sizes: readonly Sized[]): string {
  const sorted = sizes.toSorted((a, b) => a.lines - b.lines);
  const at = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))]?.lines ?? 0;
  const longest = sorted.at(-1);
  const figures = `median ${at(0.5)} lines, p90 ${at(0.9)}, longest ${longest?.lines ?? 0} (${longest?.name ?? 'none'})`;
  return `${what.padEnd(10)} ${sizes.length}: ${figures}`;
}

/** Replaces the linter's overrides for `src/` and keeps those of the other folders. */
function writeRules(): void {
  const config = JSON.parse(readFileSync(CONFIG, 'utf8')) as { overrides: { readonly files: string[] }[] };
  const others = config.overrides.filter(({ files }) => !files.some((each) => each.startsWith('src/')));
  writeFileSync(
    CONFIG,
    `${JSON.stringify({ ...config, overrides: [...importRules(), ...others] }, undefined, 2)}\n`,
  );
  printLine(`${CONFIG}: import rules of ${LAYERS.flat().length} modules`);
}

function printLine(line: string): void {
  process.stdout.write(`${line}\n`);
}
