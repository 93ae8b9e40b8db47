import { CreateBucketCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { createS3Store } from '../../src/store/s3-store.ts';
import { startLocalS3, type LocalS3 } from './local-s3.ts';
import { describeStore, gather, openThere, pattern } from './store-contract.ts';

let s3: LocalS3;
let buckets = 0;

beforeAll(async () => {
  s3 = await startLocalS3();
});
afterAll(() => s3.close());

async function openEmptyStore(): Promise<ObjectStore> {
  buckets += 1;
  const name = `data-${buckets}`;
  await s3.client.send(new CreateBucketCommand({ Bucket: name }));
  return createS3Store(name, s3.client);
}

describeStore('An S3 store', { open: openEmptyStore, listing: 'loose' });

describe('a connection that breaks', () => {
  test('is continued at the byte where it broke, as often as new bytes arrive', async () => {
    const store = await openEmptyStore();
    const content = pattern(12_000_000);
    await store.put('long', content);

    // Seven breaks. The store allows five in a row, but each mebibyte that arrives resets the count.
    s3.breakNext(1, 100_000, 70_000, 2_000_000, 65_536, 3_000_000, 12);
    const object = await openThere(store, 'long', { start: 5, end: 11_999_999 });

    expect(object.bytes).toBe(12_000_000);
    expect((await gather(object.body)).equals(content.subarray(5, 11_999_999))).toBe(true);
  });

  test('is given up with StoreUnavailable when it breaks again and again', async () => {
    const store = await openEmptyStore();
    await store.put('long', pattern(1_000_000));

    s3.breakNext(10, 10, 10, 10, 10, 10);

    await expect(store.get('long')).rejects.toMatchObject({
      name: 'StoreUnavailable',
      message: expect.stringMatching(
        /data-\d+\/long broke off 6 times, the last time after 60 of 1000000 bytes/,
      ),
    });
  });
});
