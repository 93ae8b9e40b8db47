import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Job } from '../../src/checkpoints/job.ts';
import { fingerprintOf } from '../../src/reuse/fingerprint.ts';
import { scopeOf } from '../../src/reuse/scope.ts';
import { profileOf } from '../rows/build.ts';

const lineOf = (body: string, id = 'q1'): Buffer =>
  Buffer.from(`{"custom_id":${JSON.stringify(id)},"method":"POST","url":"/v1/x","body":${body}}\n`);

const of = (body: string, scope = 's', id?: string): string =>
  fingerprintOf(lineOf(body, id), scope)?.toString('hex') ?? '';

/** JSON texts of numbers. Some of them are the same number. */
const number = fc.constantFrom(
  '1',
  '1.0',
  '1e0',
  '10e-1',
  '0',
  '-0',
  '0.0',
  '12345678901234567890',
  '12345678901234567891',
);

type Tree = string | readonly Tree[] | { readonly [name: string]: Tree };
const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 3 },
    number,
    fc.string({ maxLength: 4 }).map((text) => JSON.stringify(text)),
    fc.constantFrom('true', 'null'),
    fc.array(tie('tree'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('a', 'b', '2', '10', '__proto__', 'é'), tie('tree'), { maxKeys: 4 }),
  ),
}));

/** Writes a tree as JSON text, with its keys in this order and this white space. */
function write(value: Tree, reversed: boolean, space: string): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value))
    return `[${value.map((each: Tree) => write(each, reversed, space)).join(`,${space}`)}]`;
  const fields = Object.entries(value as Readonly<Record<string, Tree>>);
  const ordered = reversed ? fields.toReversed() : fields;
  return `{${ordered.map(([name, each]) => `${JSON.stringify(name)}:${space}${write(each, reversed, space)}`).join(',')}}`;
}

describe('the fingerprint of a request', () => {
  test('depends on its body, and not on the order of keys, white space or its id', () => {
    fc.assert(
      fc.property(tree, fc.string(), (body, id) => {
        expect(of(write(body, true, ' '), 's', id)).toBe(of(write(body, false, '')));
      }),
    );
  });

  test('is different for each other body, with numbers compared as text', () => {
    fc.assert(
      fc.property(tree, tree, (one, other) => {
        const same = JSON.stringify(sorted(one)) === JSON.stringify(sorted(other));
        expect(of(write(one, false, '')) === of(write(other, false, ''))).toBe(same);
      }),
    );
  });

  test.each([
    ['{"t":1}', '{"t":1.0}'],
    ['{"t":"1"}', '{"t":1}'],
    ['{"t":[1,2]}', '{"t":[2,1]}'],
    ['{"t":null}', '{}'],
    ['{"t":{"a":1}}', '{"t.a":1}'],
    ['{"seed":12345678901234567890}', '{"seed":12345678901234567891}'],
    ['{"t":"é"}', '{"t":"e\\u0301"}'],
  ])('is different for %s and %s', (one, other) => {
    expect(of(one)).not.toBe(of(other));
  });

  test('is different in another scope, and missing for a body that is nested too deeply', () => {
    expect(of('{"a":1}', 'one')).not.toBe(of('{"a":1}', 'other'));
    expect(fingerprintOf(lineOf(`${'['.repeat(20_000)}1.0${']'.repeat(20_000)}`), 's')).toBeUndefined();
  });
});

/** A tree as entries, sorted by their keys. */
function sorted(value: Tree): unknown {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map(sorted);
  return {
    fields: Object.entries(value as Readonly<Record<string, Tree>>)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, each]) => [name, sorted(each)]),
  };
}

describe('two jobs share answers', () => {
  const job: Job = {
    jobId: 'one',
    inputs: [],
    createdAt: '2026-11-01T00:00:00.000Z',
    profile: { ...profileOf({ reuse: 'always' }), name: 'nightly', model: 'm' },
  };
  const withProfile = (profile: Partial<Job['profile']>): Job => ({
    ...job,
    profile: { ...job.profile, ...profile },
  });
  const { provider } = job.profile;
  const step = { ...job.profile, body: {}, for: ['failed'] };

  test.each<[string, Job]>([
    ['is another job with another input', { ...job, jobId: 'two', inputs: [{ key: 'input/x' }] }],
    ['takes answers of another age', withProfile({ reuse: { days: 3 } })],
    [
      'has other rounds, limits, prices and budgets',
      withProfile({ rounds: 1, maxBad: 0.5, budget: { maxRows: 3 } }),
    ],
    ['has another template, which is in the body', withProfile({ system: 's', body: { temperature: 1 } })],
  ])('if one %s', (_, other) => {
    expect(scopeOf(other)).toBe(scopeOf(job));
  });

  test.each<[string, Job]>([
    ['is of another profile', withProfile({ name: 'other' })],
    ['is of a caller', { ...job, owner: 'somebody' }],
    ['is simulated', { ...job, simulated: true }],
    ['asks another provider', withProfile({ provider: { ...provider, name: 'other' } })],
    [
      'asks the provider at another address',
      withProfile({ provider: { ...provider, baseUrl: 'http://127.0.0.1:1/v1' } }),
    ],
    ['asks another endpoint', withProfile({ endpoint: '/v1/embeddings' })],
    ['asks another model', withProfile({ model: 'n' })],
    ['shows answers in another way', withProfile({ resultShape: 'body' })],
    ['checks answers by a schema', withProfile({ output: { schema: { type: 'object' }, retry: false } })],
    ['has a ladder', withProfile({ then: [step] })],
  ])('unless one %s', (_, other) => {
    expect(scopeOf(other)).not.toBe(scopeOf(job));
    expect(scopeOf(other)).toBeTypeOf('string');
  });

  test('unless one does not reuse answers, or has answers that are files', () => {
    expect(scopeOf(withProfile({ reuse: undefined }))).toBeUndefined();
    expect(scopeOf(withProfile({ endpoint: '/v1/images/generations' }))).toBeUndefined();
  });
});
