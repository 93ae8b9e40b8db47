import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Executions } from '../../src/executions/executions.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';

const ROOT = new URL('../../', import.meta.url);

const STORE_CALLS = [
  'open',
  'get',
  'put',
  'createIfAbsent',
  'write',
  'concat',
  'copy',
  'stat',
  'list',
  'delete',
] as const satisfies readonly (keyof ObjectStore)[];

const EXECUTION_CALLS = ['start', 'look', 'stop'] as const satisfies readonly (keyof Executions)[];

/** Names of the methods whose calls are collected. */
export const CALLS: ReadonlySet<PropertyKey> = new Set([...STORE_CALLS, ...EXECUTION_CALLS]);

/** A call of the store or of an execution. The objects of `src/checkpoints/` call the store for their callers. */
const CALL = new RegExp(
  [
    `\\bstore\\s*\\.(?:${STORE_CALLS.join('|')})\\(`,
    `\\bexecutions\\s*\\.(?:${EXECUTION_CALLS.join('|')})\\(`,
    '\\b(?:readJson|requireJson|writeJson|joinObjects)(?:<[^()]*>)?\\(',
    '\\b\\w*[oO]bject\\s*\\.(?:read|require|write|create)\\(',
  ].join('|'),
  'g',
);

/** The adapters, and helpers that are not call sites themselves: their callers are. */
const isBelowTheCalls = (path: string): boolean =>
  path.startsWith('src/store/') || path === 'src/checkpoints/stored-object.ts';

/** Every call site in the code of the functions, as `file:line`. */
export function callSites(): string[] {
  return [...filesOfFunctions()]
    .filter((path) => !isBelowTheCalls(path))
    .flatMap((path) =>
      linesOfCalls(readFileSync(new URL(path, ROOT), 'utf8')).map((line) => `${path}:${line}`),
    )
    .toSorted();
}

/** The lines with the methods' names, without repetition, counted from 1. */
function linesOfCalls(text: string): number[] {
  const ends = [...text.matchAll(CALL)].map(({ 0: call, index }) => index + call.length);
  return [...new Set(ends.map((end) => text.slice(0, end).split('\n').length))];
}

/** The call site that calls the store now. Undefined if the caller is not code of the functions. */
export function callingSite(): string | undefined {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 30;
  const { stack = '' } = new Error('for its stack');
  Error.stackTraceLimit = limit;
  const root = fileURLToPath(ROOT);
  for (const line of stack.split('\n')) {
    const [, path, at] = /(?:file:\/\/)?(\/[^():]*|[A-Z]:[^():]*):(\d+):\d+\)?$/.exec(line) ?? [];
    const inside = path?.startsWith(root) === true ? path.slice(root.length) : '';
    // On AWS, the state machine itself makes this read. A step of the host replaces it.
    if (inside.startsWith('host/')) return undefined;
    if (inside.startsWith('src/') && !isBelowTheCalls(inside)) return `${inside}:${at}`;
  }
  return undefined;
}

/** The files of all functions: `lambdas/` and everything that it imports, directly or indirectly. */
function filesOfFunctions(): ReadonlySet<string> {
  const found = new Set<string>();
  const queue = readdirSync(new URL('lambdas/', ROOT)).map((name) => `lambdas/${name}`);
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    if (found.has(path)) continue;
    found.add(path);
    queue.push(...importsOf(path));
  }
  return found;
}

function importsOf(path: string): string[] {
  // Imports of types load no code.
  const text = readFileSync(new URL(path, ROOT), 'utf8').replaceAll(/^(?:import|export) type [^;]*;/gm, '');
  const names = [...text.matchAll(/(?:from|import\() ?'(\.[^']*\.ts)'/g)].map(([, name = '']) => name);
  return names.map((name) =>
    fileURLToPath(new URL(name, new URL(path, ROOT))).slice(fileURLToPath(ROOT).length),
  );
}
