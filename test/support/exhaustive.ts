import { describe, test, type TestOptions } from 'vitest';

/**
 * Marks a test that `npm test` skips, because it takes seconds and repeats what a quick test shows on an example. `npm run
 * test:all` and `.ci/run` run it.
 */
export const EXHAUSTIVE = { tags: ['exhaustive'] } satisfies TestOptions;

/** The arguments of a test: the entry, or its parts if it is a list. */
type Arguments<Entry> = Entry extends readonly [...infer Parts] ? Parts : [Entry];

interface Table<Entry> {
  describe(name: string, tests: (...entry: Arguments<Entry>) => void): void;
  test(name: string, body: (...entry: Arguments<Entry>) => unknown): void;
}

/**
 * A table of tests, like `test.each`. `npm test` runs some of its entries; the others are {@link EXHAUSTIVE}. `quick` chooses the
 * entries that `npm test` runs, or is their number: these are spread evenly over the table.
 */
export function tableOf<const Entry>(
  table: readonly Entry[],
  quick: number | ((entry: Entry) => boolean),
): Table<Entry> {
  const isQuick = typeof quick === 'number' ? spread(table.length, quick) : quick;
  const parts: readonly (readonly [TestOptions, Entry[]])[] = [
    [{}, table.filter((entry, n) => isQuick(entry, n))],
    [EXHAUSTIVE, table.filter((entry, n) => !isQuick(entry, n))],
  ];
  // oxlint-disable vitest/valid-title, vitest/valid-describe-callback -- the caller of the table gives both
  return {
    describe(name, tests) {
      for (const [options, entries] of parts) describe.each(entries)(name, options, tests as never);
    },
    test(name, body) {
      for (const [options, entries] of parts) test.each(entries)(name, options, body as never);
    },
  };
}

/**
 * A property that `npm test` tries `quick` times, and an {@link EXHAUSTIVE} test `all` times. The body gets the number for
 * fast-check's `numRuns`; the name gets it at its end.
 */
export function trials(
  quick: number,
  all: number,
): { test(name: string, body: (numRuns: number) => unknown): void } {
  return {
    test: (name, body) => tableOf([quick, all], 1).test(`${name}, in %i trials`, body),
  };
}

/** Chooses `count` of `length` positions, as far from each other as possible. */
function spread(length: number, count: number): (entry: unknown, position: number) => boolean {
  const step = (position: number): number => Math.floor((position * count) / length);
  return (_entry, position) => position === 0 || step(position) !== step(position - 1);
}
