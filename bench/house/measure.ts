import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, normalize } from 'node:path/posix';
import { goesUp } from './layers.ts';

/** Folders of delivered code, without tests and the benchmark. */
const FOLDERS = ['src', 'lib', 'lambdas', 'cli', 'host', 'simulator', 'bin'];

/** Lines of each file. */
export function fileSizes(): Map<string, number> {
  return new Map(sources().map((file) => [file, readFileSync(file, 'utf8').split('\n').length - 1]));
}

function sources(): string[] {
  const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '--', ...FOLDERS], {
    encoding: 'utf8',
  });
  return listed.split('\n').filter((file) => file.endsWith('.ts'));
}

interface Finding {
  readonly message: string;
  readonly filename: string;
}

/** Lines of each function, without blank lines and comments. The linter reports every function, because its limit is 0. */
export function functionSizes(): { readonly name: string; readonly lines: number }[] {
  const folder = mkdtempSync(join(tmpdir(), 'nightshift-house-'));
  try {
    const config = join(folder, 'lint.json');
    const limit = { max: 0, skipBlankLines: true, skipComments: true };
    writeFileSync(
      config,
      JSON.stringify({
        categories: { correctness: 'off' },
        rules: { 'max-lines-per-function': ['error', limit] },
      }),
    );
    return lint(config).flatMap(({ message, filename }) => {
      const [, name = 'a function', lines] =
        /^(?:The )?(.*) has too many lines \((\d+)\)/.exec(message) ?? [];
      return lines === undefined ? [] : [{ name: `${name} of ${filename}`, lines: Number(lines) }];
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Most bytes of the linter's report, which has a finding for each function. */
const MAX_REPORT_BYTES = 64 * 1_048_576;

function lint(config: string): readonly Finding[] {
  try {
    execFileSync('oxlint', ['-c', config, '--format', 'json', ...FOLDERS], {
      encoding: 'utf8',
      maxBuffer: MAX_REPORT_BYTES,
    });
    return [];
  } catch (error) {
    const { stdout } = error as { readonly stdout: string };
    const report = JSON.parse(stdout) as { readonly diagnostics: readonly Finding[] };
    return report.diagnostics;
  }
}

const IMPORT = /(?:from|import\() ?'(\.[^']+)'/g;

/** Imports within `src/` of a module that is not in a lower layer. */
export function importsUp(): string[] {
  return sources()
    .filter((file) => file.startsWith('src/'))
    .flatMap((file) =>
      [...readFileSync(file, 'utf8').matchAll(IMPORT)]
        .map(([, specifier = '']) => normalize(join(dirname(file), specifier)))
        .filter((target) => goesUp(file, target))
        .map((target) => `${file} imports ${target}`),
    );
}
