import { describe, expect, test } from 'vitest';
import { dropEventSchema, readDrop } from '../../src/requests/drop-event.ts';

/** An "Object Created" event as EventBridge delivers it, including fields that the workflow does not use. */
function dropEvent(
  key: string,
  object: object = { 'version-id': 'v1' },
): ReturnType<typeof dropEventSchema.parse> {
  return dropEventSchema.parse({
    version: '0',
    id: '17793124-05d4-b198-2fde-7ededc63b103',
    'detail-type': 'Object Created',
    source: 'aws.s3',
    account: '111122223333',
    time: '2026-11-12T00:00:00Z',
    region: 'eu-central-1',
    detail: {
      version: '0',
      bucket: { name: 'data' },
      object: {
        key,
        size: 5,
        etag: 'b1946ac92492d2347c6235b4d2611184',
        sequencer: '617f08299329d189',
        ...object,
      },
      reason: 'PutObject',
    },
  });
}

describe('a dropped file', () => {
  test.each([
    ['input/prompts.jsonl', 'default'],
    ['input/classify/prompts.jsonl', 'classify'],
    ['input/classify/2026/11/a b+c%20é.jsonl', 'classify'],
    ['input//odd.jsonl', 'default'],
  ])('%s has the profile %s', (key, profile) => {
    expect(readDrop(dropEvent(key))).toMatchObject({ profile, key, version: 'v1' });
  });

  test('is the same job with any number of events', () => {
    expect(readDrop(dropEvent('input/a.jsonl'))).toEqual(readDrop(dropEvent('input/a.jsonl')));
  });

  test('is another job in another version', () => {
    const first = readDrop(dropEvent('input/a.jsonl')).jobId;

    expect(readDrop(dropEvent('input/a.jsonl', { 'version-id': 'v2' })).jobId).not.toBe(first);
  });

  test('is distinguished from another upload by etag and sequencer if there are no versions', () => {
    const first = readDrop(dropEvent('input/a.jsonl', {}));

    expect(first).toMatchObject({ key: 'input/a.jsonl', version: undefined });
    expect(readDrop(dropEvent('input/a.jsonl', { sequencer: '2' })).jobId).not.toBe(first.jobId);
  });

  test('outside input/ starts nothing', () => {
    expect(() => readDrop(dropEvent('output/x/results.jsonl'))).toThrowError('not under input/');
  });
});
