import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Batch, FindBatch } from '../../src/provider/batch-provider.ts';
import { betterBatch, isBestBatch, isWanted } from '../../src/provider/match-batch.ts';

const METADATA = { key: 'job-1/00000/1', job: 'job-1', tool: 'nightshift', file: 'file-abc' };
const WANTED: FindBatch = { inputFileId: 'file-abc', metadata: METADATA };

function batch(more: Partial<Batch> = {}): Batch {
  return {
    id: 'batch-1',
    status: 'in_progress',
    phase: 'running',
    ending: undefined,
    inputFileId: 'file-abc',
    outputFileId: undefined,
    errorFileId: undefined,
    counts: undefined,
    errors: [],
    metadata: METADATA,
    createdAt: undefined,
    expiresAt: undefined,
    ...more,
  };
}

const entries = Object.entries(METADATA);
/** Metadata as proxies change it. */
const SHOWN: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  ['as sent', METADATA],
  [
    'in upper case',
    Object.fromEntries(entries.map(([name, value]) => [name.toUpperCase(), value.toUpperCase()])),
  ],
  ['cut to 6 characters', Object.fromEntries(entries.map(([name, value]) => [name, value.slice(0, 6)]))],
  ['with other names', Object.fromEntries(entries.map(([name, value]) => [`user_${name}`, value]))],
  ['merged into one value', { all: JSON.stringify(METADATA), user: 'u-1' }],
  ['beside other keys', { ...METADATA, user: 'u-1', team: 'nightly' }],
  ['not at all', {}],
];

describe('a batch of the wanted file', () => {
  test.each(SHOWN)('is recognised when its metadata is shown %s', (_how, metadata) => {
    expect(isWanted(batch({ metadata }), WANTED)).toBe(true);
  });

  test('is not matched if it belongs to another round and equal files share an id', () => {
    expect(isWanted(batch({ metadata: { ...METADATA, key: 'job-2/00003/1' } }), WANTED)).toBe(false);
  });
});

describe('a batch that shows no file, or another id for it', () => {
  test.each(SHOWN.filter(([how]) => how !== 'not at all' && !how.startsWith('cut')))(
    'is recognised by its metadata, shown %s',
    (_how, metadata) => {
      expect(isWanted(batch({ metadata, inputFileId: undefined }), WANTED)).toBe(true);
    },
  );

  test('is recognised by the file in its metadata', () => {
    expect(isWanted(batch({ inputFileId: 'proxied-1' }), WANTED)).toBe(true);
  });

  test('is not matched if it belongs to an earlier run of the same job', () => {
    const earlier = { ...METADATA, file: 'file-old' };
    expect(isWanted(batch({ metadata: earlier, inputFileId: 'file-old' }), WANTED)).toBe(false);
    expect(isWanted(batch({ metadata: earlier, inputFileId: undefined }), WANTED)).toBe(false);
  });

  test('is not matched to a round whose number starts with the same digit', () => {
    const tenth = { ...METADATA, key: 'job-1/00000/10', file: 'file-abcd' };
    expect(isWanted(batch({ metadata: tenth, inputFileId: undefined }), WANTED)).toBe(false);
  });
});

const ENDED = { phase: 'ended' } as const;
const KINDS: readonly Partial<Batch>[] = [
  { phase: 'running' },
  { ...ENDED, ending: 'succeeded', outputFileId: 'out' },
  { ...ENDED, ending: 'cancelled', outputFileId: 'out' },
  { ...ENDED, ending: 'cancelled' },
];

test('of several batches the running one is preferred, then the one with answers, in any order of the list', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(KINDS.length - 1), { minLength: 1, maxLength: 6 }), (kinds) => {
      const listed = kinds.map((kind, n) => batch({ id: `batch-${n}`, ...KINDS[kind] }));
      const best = listed.reduce<Batch | undefined>(
        (one, other) => betterBatch(one, other, WANTED),
        undefined,
      );
      expect(kinds[listed.findIndex(({ id }) => id === best?.id)]).toBe(Math.min(...kinds));
    }),
  );
});

test('a batch with the known id is chosen, even if others have the same file', () => {
  const wanted = { ...WANTED, batchId: 'batch-2' };
  const known = batch({ id: 'batch-2', ...ENDED, ending: 'cancelled' });

  expect(betterBatch(batch(), known, wanted)).toBe(known);
  expect(isBestBatch(batch(), wanted)).toBe(false);
  expect(isBestBatch(known, wanted)).toBe(true);
});

describe('a batch with its marks in unusual fields', () => {
  const bare = batch({ metadata: {}, inputFileId: undefined });
  const other = { ...METADATA, file: 'file-of-an-earlier-run' };
  const shapes: readonly (readonly [string, (metadata: typeof METADATA) => unknown])[] = [
    ['as a text', (metadata) => ({ metadata: JSON.stringify(metadata) })],
    [
      'as a list of pairs',
      (metadata) => ({ metadata: Object.entries(metadata).map(([k, v]) => ({ k, v })) }),
    ],
    ['nested', (metadata) => ({ metadata: { user: metadata } })],
    ['under another name', (metadata) => ({ tags: metadata })],
  ];

  test.each(shapes)('is recognised by its metadata, shown %s', (_how, show) => {
    expect(isWanted(bare, WANTED, show(METADATA))).toBe(true);
  });

  test.each(shapes.filter(([how]) => how !== 'as a list of pairs'))(
    'is not mistaken for the batch of an earlier run, shown %s',
    (_how, show) => {
      expect(isWanted(bare, WANTED, show(other))).toBe(false);
    },
  );

  test.each<[string, unknown]>([
    ['as an object', { input_file_id: { id: 'file-abc' } }],
    ['under another name', { input_file: 'file-abc' }],
    ['in a list', { input: { files: ['file-abc'] } }],
  ])('is recognised by its input file, shown %s', (_how, shown) => {
    expect(isWanted(bare, WANTED, shown)).toBe(true);
  });

  test('is not recognised by a message that mentions a file', () => {
    expect(isWanted(bare, WANTED, { errors: 'The file file-abc2 is gone.', output_file: 'file-x' })).toBe(
      false,
    );
  });
});
