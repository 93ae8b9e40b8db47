import fc from 'fast-check';
import { expect, test } from 'vitest';
import { makeJobId } from '../../src/requests/job-id.ts';

test('a job id is readable and depends only on the identity', () => {
  expect(makeJobId('input/classify/My Prompts (v2).jsonl.gz', ['a', 'b'])).toMatch(
    /^my-prompts-v2-[0-9a-f]{16}$/,
  );
  expect(makeJobId('x.jsonl', ['ab'])).not.toBe(makeJobId('x.jsonl', ['a', 'b']));
  expect(makeJobId('Grüße.json', ['1'])).toMatch(/^gru-e-/);
  expect(makeJobId('日本.jsonl', ['1'])).toMatch(/^job-/);
});

test('any name makes a valid execution name that is short enough for a resume', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.array(fc.string()), (name, identity) => {
      expect(makeJobId(name, identity)).toMatch(/^[a-z0-9][a-z0-9-]{0,39}-[0-9a-f]{16}$/);
    }),
  );
});
