import { Readable } from 'node:stream';
import { crc32 } from 'node:zlib';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, test } from 'vitest';
import { createS3Store } from '../../src/store/s3-store.ts';
import { partBytes } from '../../src/store/s3-writer.ts';
import { gather, listed, openThere, pattern } from './store-contract.ts';

const MIB = 1_048_576;
const client = new S3Client({ region: 'eu-central-1' });
const s3 = mockClient(client);
const store = createS3Store('data', client);

beforeEach(() => void s3.reset());

/** An error response of S3, as the SDK throws it. */
function answer(name: string, status: number, attempts = 1): S3ServiceException {
  const $metadata = { httpStatusCode: status, attempts };
  return new S3ServiceException({ name, $fault: 'client', $metadata, message: `${name} it is` });
}

/** The error that the SDK throws without a response. */
function noAnswer(code: string): Error {
  return Object.assign(new Error(`connect ${code}`), { code });
}

/** A body that breaks after these bytes. */
function broken(bytes: Buffer): Readable {
  return Readable.from(
    (function* () {
      yield bytes;
      throw noAnswer('ECONNRESET');
    })(),
  );
}

/** A body of the SDK's type, which has more methods than the store uses. */
function body(stream: Readable): never {
  // The store only reads the stream.
  return stream as never;
}

describe('an answer of S3', () => {
  test.each([
    ['SlowDown', 503],
    ['InternalError', 500],
    ['RequestTimeout', 400],
    ['TooManyRequests', 429],
  ])('%s is StoreUnavailable, with the call and the key', async (name, status) => {
    s3.onAnyCommand().rejects(answer(name, status));
    const unavailable: object = {
      name: 'StoreUnavailable',
      message: expect.stringMatching(`s3:\\w+ on s3://data/jobs/1.*${name}`),
    };

    await expect(store.put('jobs/1', 'x')).rejects.toMatchObject(unavailable);
    await expect(store.get('jobs/1')).rejects.toMatchObject(unavailable);
    await expect(store.createIfAbsent('jobs/1', 'x')).rejects.toMatchObject(unavailable);
    await expect(store.delete('jobs/1')).rejects.toMatchObject(unavailable);
    await expect(store.concat('jobs/2', ['jobs/1'])).rejects.toMatchObject(unavailable);
    await expect(listed(store, 'jobs/1')).rejects.toMatchObject(unavailable);
  });

  test.each([
    noAnswer('ECONNRESET'),
    noAnswer('ENOTFOUND'),
    Object.assign(new Error(), { name: 'TimeoutError' }),
  ])('that never came (%s) is StoreUnavailable', async (error) => {
    s3.onAnyCommand().rejects(error);

    await expect(store.get('jobs/1')).rejects.toMatchObject({ name: 'StoreUnavailable', cause: error });
  });

  test('AccessDenied names the action and the key', async () => {
    s3.onAnyCommand().rejects(answer('AccessDenied', 403));
    const denied = (action: string): object => ({
      name: 'StoreRejected',
      message: expect.stringContaining(`S3 denies ${action} on s3://data/jobs/1: AccessDenied`),
    });

    await expect(store.get('jobs/1')).rejects.toMatchObject(denied('s3:GetObject'));
    await expect(store.put('jobs/1', 'x')).rejects.toMatchObject(denied('s3:PutObject'));
    await expect(store.delete('jobs/1')).rejects.toMatchObject(denied('s3:DeleteObject'));
    await expect(listed(store, 'jobs/1')).rejects.toMatchObject(denied('s3:ListBucket'));
  });

  test('NoSuchBucket is not reported as a missing object', async () => {
    s3.onAnyCommand().rejects(answer('NoSuchBucket', 404));

    await expect(store.get('jobs/1')).rejects.toMatchObject({
      name: 'StoreRejected',
      message: expect.stringContaining('There is no bucket "data"'),
    });
  });

  test('missing credentials and other refusals are StoreRejected', async () => {
    s3.onAnyCommand()
      .rejectsOnce(Object.assign(new Error('none'), { name: 'CredentialsProviderError' }))
      .rejectsOnce(answer('KeyTooLongError', 400));
    await expect(store.get('a')).rejects.toMatchObject({
      name: 'StoreRejected',
      message: expect.stringContaining('CredentialsProviderError (none)'),
    });
    await expect(store.get('a')).rejects.toMatchObject({
      name: 'StoreRejected',
      message: expect.stringContaining('KeyTooLongError'),
    });
  });

  test.each([
    ['NoSuchKey', 404],
    ['NoSuchVersion', 404],
    ['MethodNotAllowed', 405],
  ])('%s is an invalid object', async (name, status) => {
    s3.onAnyCommand().rejects(answer(name, status));

    expect(await store.open('a', { version: 'v1' })).toBeUndefined();
    expect(s3.commandCalls(GetObjectCommand)[0]?.args[0].input).toMatchObject({ VersionId: 'v1' });
  });
});

describe('creating if absent', () => {
  test('requires a free key, and returns false if it is taken', async () => {
    s3.on(PutObjectCommand).resolvesOnce({}).rejectsOnce(answer('PreconditionFailed', 412));

    expect(await store.createIfAbsent('a', 'x')).toBe(true);
    expect(await store.createIfAbsent('a', 'x')).toBe(false);
    expect(s3.commandCalls(PutObjectCommand)[0]?.args[0].input).toMatchObject({ IfNoneMatch: '*' });
  });

  test('is retried while another writer uses the key', async () => {
    s3.on(PutObjectCommand)
      .rejectsOnce(answer('ConditionalRequestConflict', 409))
      .rejectsOnce(answer('PreconditionFailed', 412));

    expect(await store.createIfAbsent('a', 'x')).toBe(false);
    expect(s3.commandCalls(PutObjectCommand)).toHaveLength(2);
  });

  test('returns true if an earlier attempt succeeded and only its response was lost', async () => {
    s3.on(PutObjectCommand).rejects(answer('PreconditionFailed', 412, 2));
    s3.on(HeadObjectCommand).callsFake(() => ({
      Metadata: s3.commandCalls(PutObjectCommand)[0]?.args[0].input.Metadata,
    }));

    expect(await store.createIfAbsent('a', 'x')).toBe(true);
    s3.on(HeadObjectCommand).resolves({ Metadata: { writer: 'another' } });
    expect(await store.createIfAbsent('a', 'x')).toBe(false);
  });
});

describe('a body that breaks', () => {
  test('is continued with a range of the same version and etag', async () => {
    s3.on(GetObjectCommand)
      .resolvesOnce({
        Body: body(broken(Buffer.from('hello'))),
        ContentLength: 10,
        ContentRange: 'bytes 2-11/20',
        ETag: '"e"',
      })
      .resolvesOnce({ Body: body(Readable.from([Buffer.from('wor')])), ContentLength: 5, ETag: '"e"' })
      .resolvesOnce({ Body: body(Readable.from([Buffer.from('ld')])), ContentLength: 2, ETag: '"e"' });

    const object = await openThere(store, 'a', { start: 2, end: 12, version: 'v1' });

    expect(object.bytes).toBe(20);
    expect((await gather(object.body)).toString()).toBe('helloworld');
    expect(s3.commandCalls(GetObjectCommand).map(({ args }) => args[0].input)).toMatchObject([
      { Range: 'bytes=2-11', VersionId: 'v1', IfMatch: undefined },
      { Range: 'bytes=7-11', VersionId: 'v1', IfMatch: '"e"' },
      { Range: 'bytes=10-11', VersionId: 'v1', IfMatch: '"e"' },
    ]);
  });

  test('is StoreUnavailable if the object was replaced meanwhile', async () => {
    s3.on(GetObjectCommand)
      .resolvesOnce({ Body: body(broken(Buffer.from('old'))), ContentLength: 10, ETag: '"e"' })
      .rejectsOnce(answer('PreconditionFailed', 412));

    await expect(store.get('a')).rejects.toHaveProperty('name', 'StoreUnavailable');
  });

  test.each([
    ['no length', { Body: body(broken(Buffer.from('half'))) }],
    ['no body', { ContentLength: 10 }],
  ])('cannot be detected in a response with %s, which is StoreUnavailable', async (_, output) => {
    s3.on(GetObjectCommand).resolves(output);

    await expect(store.open('jobs/1')).rejects.toMatchObject({
      name: 'StoreUnavailable',
      message: expect.stringContaining('s3://data/jobs/1'),
    });
  });

  test('is not requested again after the reader has stopped', async () => {
    s3.on(GetObjectCommand).resolves({ Body: body(broken(Buffer.from('old'))), ContentLength: 10 });

    const object = await openThere(store, 'a');
    for await (const chunk of object.body) {
      expect(chunk.toString()).toBe('old');
      break;
    }
    expect(s3.commandCalls(GetObjectCommand)).toHaveLength(1);
  });
});

test('a range past the end, and any of an empty object, is empty', async () => {
  s3.on(GetObjectCommand).rejects(answer('InvalidRange', 416));
  s3.on(HeadObjectCommand).resolves({ ContentLength: 7 });

  const object = await openThere(store, 'a', { start: 7 });

  expect(object.bytes).toBe(7);
  expect(await gather(object.body)).toHaveLength(0);
});

test('a listing goes over all pages, and decodes the keys', async () => {
  s3.on(ListObjectsV2Command)
    .resolvesOnce({
      EncodingType: 'url',
      Contents: [{ Key: 'input/a+b%2Bc%2520', Size: 1 }],
      NextContinuationToken: 'more',
    })
    .resolvesOnce({ EncodingType: 'url', NextContinuationToken: 'last' })
    .resolvesOnce({ EncodingType: 'url', Contents: [{ Key: 'input/%01%C3%BC', Size: 2 }] });

  expect(await listed(store, 'input/')).toEqual([
    { key: 'input/a b+c%20', bytes: 1 },
    { key: 'input/\u0001ü', bytes: 2 },
  ]);
  const tokens = s3.commandCalls(ListObjectsV2Command).map(({ args }) => args[0].input.ContinuationToken);
  expect(tokens).toEqual([undefined, 'more', 'last']);
});

test.each([
  ['output/job-1/report.html', 'text/html; charset=utf-8'],
  ['output/job-1/summary.json', 'application/json'],
  ['output/job-1/results.jsonl', 'application/octet-stream'],
])('%s is written as %s', async (key, type) => {
  await store.put(key, 'x');

  expect(s3.commandCalls(PutObjectCommand)[0]?.args[0].input).toMatchObject({ ContentType: type });
});

describe('a streaming write', () => {
  test('up to one part is one PutObject with its checksum', async () => {
    const writer = store.write('a');
    await writer.write(Buffer.alloc(8 * MIB - 3));
    await writer.write('abc');
    await writer.close();

    const [put] = s3.commandCalls(PutObjectCommand);
    expect(s3.calls()).toHaveLength(1);
    expect(put?.args[0].input).toMatchObject({ ContentLength: 8 * MIB });
    const sum = Buffer.from(put?.args[0].input.ChecksumCRC32 ?? '', 'base64');
    expect(sum.readUInt32BE()).toBe(crc32(Buffer.concat([Buffer.alloc(8 * MIB - 3), Buffer.from('abc')])));
  });

  test('has at most two parts in flight, and does not change a part before it has arrived', async () => {
    const content = pattern(50 * MIB);
    const arrived = new Map<number, Buffer>();
    let onTheWay = 0;
    let most = 0;
    s3.on(CreateMultipartUploadCommand).resolves({ UploadId: 'u' });
    s3.on(UploadPartCommand).callsFake(async ({ PartNumber, Body, ChecksumCRC32 }) => {
      onTheWay += 1;
      most = Math.max(most, onTheWay);
      for (let turns = 0; turns < 20; turns += 1) await new Promise(setImmediate);
      onTheWay -= 1;
      const bytes = Buffer.from(Body);
      expect(Buffer.from(ChecksumCRC32, 'base64').readUInt32BE()).toBe(crc32(bytes));
      arrived.set(PartNumber, bytes);
      return { ETag: `"${PartNumber}"` };
    });
    const writer = store.write('a');
    for (let from = 0; from < content.length; from += 3 * MIB)
      await writer.write(content.subarray(from, from + 3 * MIB));
    await writer.close();

    const numbers = [1, 2, 3, 4, 5, 6, 7];
    expect(most).toBe(2);
    expect(
      Buffer.concat(numbers.map((number) => arrived.get(number) ?? Buffer.alloc(0))).equals(content),
    ).toBe(true);
    const [complete] = s3.commandCalls(CompleteMultipartUploadCommand);
    const parts = complete?.args[0].input.MultipartUpload?.Parts ?? [];
    expect(parts.map(({ PartNumber }) => PartNumber)).toEqual(numbers);
    expect(parts.every(({ ChecksumCRC32 }) => ChecksumCRC32 !== undefined)).toBe(true);
  });

  test('aborts if a part fails, with the reason', async () => {
    s3.on(CreateMultipartUploadCommand).resolves({ UploadId: 'u' });
    s3.on(UploadPartCommand).resolvesOnce({ ETag: '"1"' }).rejects(answer('SlowDown', 503));
    const writer = store.write('a');
    const writing = async (): Promise<void> => {
      for (let part = 0; part < 9; part += 1) await writer.write(Buffer.alloc(8 * MIB));
      await writer.close();
    };

    await expect(writing()).rejects.toMatchObject({
      name: 'StoreUnavailable',
      message: expect.stringContaining('s3:PutObject on s3://data/a did not succeed: SlowDown'),
    });
    await writer.abort();
    expect(s3.commandCalls(AbortMultipartUploadCommand).map(({ args }) => args[0].input.UploadId)).toEqual([
      'u',
    ]);
    expect(s3.commandCalls(CompleteMultipartUploadCommand)).toHaveLength(0);
  });

  test('aborts only if no part is in flight any more, because a late one would stay', async () => {
    const events: string[] = [];
    s3.on(CreateMultipartUploadCommand).resolves({ UploadId: 'u' });
    s3.on(UploadPartCommand).callsFake(async () => {
      for (let turns = 0; turns < 20; turns += 1) await new Promise(setImmediate);
      events.push('arrived');
      return { ETag: '"e"' };
    });
    s3.on(AbortMultipartUploadCommand).callsFake(() => void events.push('dropped'));
    const writer = store.write('a');
    await writer.write(Buffer.alloc(17 * MIB));
    await writer.abort();

    expect(events).toEqual(['arrived', 'arrived', 'dropped']);
  });

  test('aborts if it cannot be completed, even if the abort fails, too', async () => {
    s3.on(CreateMultipartUploadCommand).resolves({ UploadId: 'u' });
    s3.on(UploadPartCommand).resolves({ ETag: '"1"' });
    s3.on(CompleteMultipartUploadCommand).rejects(answer('InternalError', 500));
    s3.on(AbortMultipartUploadCommand).rejects(answer('AccessDenied', 403));
    const writer = store.write('a');
    await writer.write(Buffer.alloc(9 * MIB));

    await expect(writer.close()).rejects.toMatchObject({ message: expect.stringContaining('InternalError') });
    expect(s3.commandCalls(AbortMultipartUploadCommand)).toHaveLength(1);
  });

  test("grows its parts, so that S3's ten thousand hold 484 GiB", () => {
    let bytes = 0;
    for (let number = 1; number <= 10_000; number += 1) bytes += partBytes(number);

    expect(partBytes(2_000)).toBe(8 * MIB);
    expect(partBytes(2_001)).toBe(16 * MIB);
    expect(Math.floor(bytes / 1_024 / MIB)).toBe(484);
  });
});

describe('a join', () => {
  test('copies large objects in S3 and collects small ones into parts', async () => {
    const sizes: Record<string, number> = { large: 100 * MIB, 'b+ü c': 6 * MIB, small: 10 };
    s3.on(HeadObjectCommand).callsFake(({ Key }) => ({ ContentLength: sizes[Key], ETag: `"${Key}"` }));
    s3.on(GetObjectCommand).callsFake(({ Range }) => {
      const [start = 0, end = 0] = /\d+-\d+/.exec(Range)?.[0].split('-').map(Number) ?? [];
      const bytes = Buffer.alloc(end + 1 - start);
      return { Body: Readable.from([bytes]), ContentLength: bytes.length };
    });
    s3.on(CreateMultipartUploadCommand).resolves({ UploadId: 'u' });
    s3.on(UploadPartCommand).resolves({ ETag: '"up"' });
    s3.on(UploadPartCopyCommand).resolves({ CopyPartResult: { ETag: '"copy"', ChecksumCRC32: 'AAAAAA==' } });

    await store.concat('joined', ['b+ü c', 'small', 'large']);

    expect(s3.commandCalls(UploadPartCopyCommand).map(({ args }) => args[0].input)).toMatchObject([
      {
        PartNumber: 1,
        CopySource: 'data/b%2B%C3%BC%20c',
        CopySourceRange: `bytes=0-${6 * MIB - 1}`,
        CopySourceIfMatch: '"b+ü c"',
      },
      { PartNumber: 3, CopySource: 'data/large', CopySourceRange: `bytes=${5 * MIB - 10}-${100 * MIB - 1}` },
    ]);
    expect(s3.commandCalls(UploadPartCommand).map(({ args }) => args[0].input)).toMatchObject([
      { PartNumber: 2, ContentLength: 5 * MIB },
    ]);
    const [complete] = s3.commandCalls(CompleteMultipartUploadCommand);
    expect(complete?.args[0].input.MultipartUpload?.Parts).toMatchObject([
      { PartNumber: 1, ETag: '"copy"', ChecksumCRC32: 'AAAAAA==' },
      { PartNumber: 2, ETag: '"up"' },
      { PartNumber: 3, ETag: '"copy"' },
    ]);
  });

  test.each([
    { of: 'one object', bytes: 6 * MIB },
    { of: 'one object that is smaller than a part', bytes: 10 },
    { of: 'an empty object', bytes: 0 },
    { of: 'the largest object for one copy', bytes: 512 * MIB },
  ])('of $of is one copy, of the version that it has looked at', async ({ bytes }) => {
    s3.on(HeadObjectCommand).resolves({ ContentLength: bytes, ETag: '"e"' });
    s3.on(CopyObjectCommand).resolves({});

    await store.copy('to', 'b+ü c');
    await store.concat('joined', ['a'], [bytes]);

    const copied = { Bucket: 'data', CopySourceIfMatch: '"e"', ChecksumAlgorithm: 'CRC32' };
    expect(s3.commandCalls(CopyObjectCommand).map(({ args }) => args[0].input)).toEqual([
      { ...copied, Key: 'to', CopySource: 'data/b%2B%C3%BC%20c' },
      { ...copied, Key: 'joined', CopySource: 'data/a' },
    ]);
    expect(s3.calls()).toHaveLength(4);
  });

  test('of one object in part, of a larger one, or of the joined object itself, is not one copy', async () => {
    s3.on(HeadObjectCommand).callsFake(({ Key }) => ({
      ContentLength: Key === 'large' ? 512 * MIB + 1 : 6 * MIB,
      ETag: '"e"',
    }));
    s3.on(CreateMultipartUploadCommand).resolves({ UploadId: 'u' });
    s3.on(UploadPartCopyCommand).resolves({ CopyPartResult: { ETag: '"copy"' } });

    await store.concat('joined', ['a'], [5 * MIB]);
    await store.copy('to', 'large');
    await store.concat('joined', ['joined']);

    expect(s3.commandCalls(CopyObjectCommand)).toEqual([]);
    const ranges = s3.commandCalls(UploadPartCopyCommand).map(({ args }) => args[0].input.CopySourceRange);
    expect(ranges.map((range) => Number(range?.split('-')[1]) + 1)).toEqual(
      expect.arrayContaining([5 * MIB, 512 * MIB + 1, 6 * MIB]),
    );
  });

  test('of one object that was replaced after the look fails, so that the step looks again', async () => {
    s3.on(HeadObjectCommand).resolves({ ContentLength: 6 * MIB, ETag: '"e"' });
    s3.on(CopyObjectCommand).rejects(answer('PreconditionFailed', 412));

    await expect(store.copy('to', 'a')).rejects.toMatchObject({
      name: 'StoreUnavailable',
      message: expect.stringContaining('s3:PutObject on s3://data/to'),
    });
  });

  test('aborts if a copy fails', async () => {
    s3.on(HeadObjectCommand).resolves({ ContentLength: 6 * MIB, ETag: '"e"' });
    s3.on(CreateMultipartUploadCommand).resolves({ UploadId: 'u' });
    s3.on(UploadPartCopyCommand).rejects(answer('PreconditionFailed', 412));

    await expect(store.concat('joined', ['a', 'b'])).rejects.toHaveProperty('name', 'StoreUnavailable');
    expect(s3.commandCalls(AbortMultipartUploadCommand)).toHaveLength(1);
  });

  test('with more parts than S3 allows is refused before anything is uploaded', async () => {
    s3.on(HeadObjectCommand).resolves({ ContentLength: 600 * MIB });

    await expect(
      store.concat(
        'joined',
        Array.from({ length: 5_001 }, () => 'a'),
      ),
    ).rejects.toMatchObject({
      name: 'StoreRejected',
      message: 's3://data/joined would need 10002 parts; S3 takes 10000.',
    });
    expect(s3.commandCalls(CreateMultipartUploadCommand)).toHaveLength(0);
  });
});

describe('an object with an expected version', () => {
  test.each<[string, () => Promise<unknown>]>([
    ['open', () => store.open('input/a.jsonl', { etag: 'abc' })],
    ['get', () => store.get('input/a.jsonl', { etag: 'abc' })],
  ])('is refused by %s if S3 reports a different one (412)', async (_, read) => {
    s3.on(GetObjectCommand).rejects(answer('PreconditionFailed', 412));

    await expect(read()).rejects.toMatchObject({
      name: 'InvalidInput',
      message: expect.stringContaining('s3://data/input/a.jsonl changed after its job was started') as string,
    });
    const [asked] = s3.commandCalls(GetObjectCommand).map(({ args }) => args[0].input);
    expect(asked).toMatchObject({ Bucket: 'data', Key: 'input/a.jsonl', IfMatch: '"abc"' });
  });

  test('sends no condition if none is expected', async () => {
    s3.on(GetObjectCommand).resolves({ Body: body(Readable.from([Buffer.from('x')])), ContentLength: 1 });

    expect(String(await store.get('input/a.jsonl'))).toBe('x');
    expect(s3.commandCalls(GetObjectCommand)[0]?.args[0].input.IfMatch).toBeUndefined();
  });

  test('is continued only with its own etag after a break, and never mixed with a replacement', async () => {
    s3.on(GetObjectCommand)
      .resolvesOnce({ Body: body(broken(Buffer.from('one'))), ContentLength: 6, ETag: '"abc"' })
      .rejects(answer('PreconditionFailed', 412));

    await expect(store.get('input/a.jsonl', { etag: 'abc' })).rejects.toMatchObject({
      name: 'StoreUnavailable',
    });
    expect(s3.commandCalls(GetObjectCommand)[1]?.args[0].input).toMatchObject({
      IfMatch: '"abc"',
      Range: 'bytes=3-5',
    });
  });
});
