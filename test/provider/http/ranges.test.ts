import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { DownloadStart, ProviderClient } from '../../../src/provider/batch-provider.ts';
import { createProviderClient } from '../../../src/provider/client.ts';
import { builtInDialect } from '../../../src/provider/dialects/dialects.ts';
import { startRecorder } from '../../security/recorder.ts';
import {
  startBreakingServer,
  type BreakingServer,
  type FileAnswer,
  type FileHabits,
} from '../breaking-server.ts';

const FILE = Buffer.from(
  Array.from({ length: 40 }, (_, n) => `{"custom_id":"q${n}","text":"é🙂 ${n * n}"}\n`).join(''),
);

function openClient(url: string, key = 'k'): ProviderClient {
  return createProviderClient({
    settings: { name: 'p', baseUrl: url, dialect: builtInDialect('openai') },
    apiKey: () => Promise.resolve(key),
    random: () => 0,
    wait: () => Promise.resolve(),
  });
}

async function start(answers: readonly FileAnswer[], habits?: FileHabits): Promise<BreakingServer> {
  const server = await startBreakingServer(FILE, answers, habits);
  onTestFinished(() => server[Symbol.asyncDispose]());
  return server;
}

async function download(
  url: string,
  from?: DownloadStart,
): Promise<{ readonly text: string; readonly start: DownloadStart | undefined; readonly error?: Error }> {
  const client = openClient(url);
  let at: DownloadStart | undefined;
  const chunks: Buffer[] = [];
  const text = (): string => Buffer.concat(chunks).toString('utf8');
  try {
    for await (const chunk of client.download('file-1', { from, onStart: (begun) => (at = begun) }))
      chunks.push(chunk);
    return { text: text(), start: at };
  } catch (error) {
    return { text: text(), start: at, error: error as Error };
  } finally {
    await client.close();
  }
}

describe('a download whose connection breaks off', () => {
  test('continues after the received bytes', async () => {
    const { url, asked } = await start([{ fresh: 100 }, { fresh: 1 }]);

    expect((await download(url)).text).toBe(FILE.toString('utf8'));
    expect(asked).toEqual(['whole', 'bytes=100-', 'bytes=101-']);
  });

  test('has the same bytes with any breaks and any handling of ranges', async () => {
    const answer: fc.Arbitrary<FileAnswer> = fc.record(
      {
        fresh: fc.integer({ min: 1, max: 400 }),
        to: fc.constantFrom(
          'the rest',
          'a piece',
          'the whole',
          'no such range',
          'another range',
          'no range',
          'many ranges',
          'an unknown total',
          'gzip',
          'an error',
        ),
      },
      { requiredKeys: ['fresh'] },
    );
    const habits: fc.Arbitrary<FileHabits> = fc.record({
      mark: fc.constantFrom('etag', 'weak etag', 'last-modified', 'none'),
      tellsLength: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(answer, { maxLength: 8 }), habits, async (answers, told) => {
        await using server = await startBreakingServer(FILE, answers, told);

        const { text, error } = await download(server.url);

        expect(error).toBeUndefined();
        expect(text).toBe(FILE.toString('utf8'));
      }),
      { numRuns: 60 },
    );
  });

  test('is given up if three connections in a row bring nothing new', async () => {
    const { url, asked } = await start(Array.from({ length: 9 }, (_, n) => ({ fresh: n === 0 ? 50 : 0 })));

    expect((await download(url)).error).toMatchObject({ name: 'ProviderUnavailable' });
    expect(asked).toEqual(['whole', 'bytes=50-', 'bytes=50-', 'bytes=50-']);
  });

  test('continues if a response without a length ends early', async () => {
    const { url, asked } = await start([{ fresh: 50 }, { fresh: 20, to: 'the whole', endsEarly: true }]);

    expect((await download(url)).text).toBe(FILE.toString('utf8'));
    expect(asked).toEqual(['whole', 'bytes=50-', 'whole']);
  });

  test('is given up if three such responses in a row bring nothing new', async () => {
    const early: FileAnswer = { fresh: 0, to: 'the whole', endsEarly: true };
    const { url, asked } = await start([{ fresh: 50 }, ...Array.from({ length: 9 }, () => early)]);

    expect((await download(url)).error).toMatchObject({
      name: 'ProviderUnavailable',
      message: `download file file-1: it ended after 50 of ${FILE.length} bytes.`,
    });
    expect(asked).toEqual(['whole', 'bytes=50-', 'whole', 'whole']);
  });

  test.each<[string, FileHabits]>([
    ['an ETag', {}],
    ['a weak ETag', { mark: 'weak etag' }],
    ['a date', { mark: 'last-modified' }],
  ])('is not mixed with another file of the same length, recognised by %s', async (_, habits) => {
    const becomes = Buffer.from(FILE.toString('latin1').replaceAll('custom', 'CUSTOM'), 'latin1');
    const { url } = await start([{ fresh: 300 }, { becomes }], habits);

    const { text, error } = await download(url);

    expect(error).toMatchObject({
      name: 'ProviderUnavailable',
      message: 'download file file-1: it has changed since its first bytes came.',
    });
    expect(FILE.toString('utf8').startsWith(text)).toBe(true);
  });

  test('is not mixed with another file of another length', async () => {
    const becomes = Buffer.concat([FILE, Buffer.from('{"custom_id":"more"}\n')]);
    const { url } = await start([{ fresh: 300 }, { becomes }], { mark: 'none' });

    expect((await download(url)).error).toMatchObject({ name: 'ProviderUnavailable' });
  });

  test('is not mixed with other bytes if the server sends the whole file again without saying so', async () => {
    const becomes = Buffer.from(FILE.toString('latin1').replace('"q1"', '"q2"'), 'latin1');
    const answers: FileAnswer[] = [{ fresh: 300 }, { becomes, to: 'the whole' }];
    const { url } = await start(answers, { mark: 'none', tellsLength: false });

    expect((await download(url)).error).toMatchObject({
      message: expect.stringContaining('changed') as string,
    });
  });

  test('removes a key that is cut by the break', async () => {
    const key = 'a-key-of-the-provider-that-is-long';
    const content = Buffer.from(`{"custom_id":"a","text":"${key}"}\n`);
    await using server = await startBreakingServer(content, [{ fresh: 30 }, { fresh: 9 }]);
    await using client = withDisposal(openClient(server.url, key));

    const text = Buffer.concat(await Array.fromAsync(client.download('file-1'))).toString('utf8');

    expect(text).toHaveLength(content.length);
    expect(text).not.toMatch(/a-key|provider|long/);
  });
});

const withDisposal = (client: ProviderClient): ProviderClient & AsyncDisposable =>
  Object.assign(client, { [Symbol.asyncDispose]: () => client.close() });

describe('a download that continues where an earlier one stopped', () => {
  const earlier = { bytes: 200, length: FILE.length, mark: '"v1"', canGoOn: true };

  test('requests the rest of exactly this file', async () => {
    const { url, asked } = await start([]);

    const { text, start: at } = await download(url, earlier);

    expect(text).toBe(FILE.subarray(200).toString('utf8'));
    expect(at).toMatchObject({ bytes: 200, length: FILE.length });
    expect(asked).toEqual(['bytes=200-']);
  });

  test.each<[string, FileAnswer]>([
    ['ignores ranges', { to: 'the whole' }],
    ['has no such range', { to: 'no such range' }],
    ['answers with another range', { to: 'another range' }],
    ['does not say which range it sends', { to: 'no range' }],
    ['compresses the range', { to: 'gzip' }],
    ['refuses the range', { to: 'an error' }],
    ['has another file there', { becomes: Buffer.concat([FILE, FILE]) }],
  ])('starts again if the server %s', async (_, answer) => {
    const { url } = await start([answer]);

    const { text, start: at } = await download(url, earlier);

    expect(at).toMatchObject({ bytes: 0 });
    expect(text).toBe((answer.becomes ?? FILE).toString('utf8'));
  });

  test('and breaks off again continues only with a range', async () => {
    const ranged = await start([{ fresh: 50 }]);
    const whole = await start([{ fresh: 50 }, { to: 'the whole' }]);

    expect((await download(ranged.url, earlier)).text).toBe(FILE.subarray(200).toString('utf8'));
    expect(ranged.asked).toEqual(['bytes=200-', 'bytes=250-']);
    expect((await download(whole.url, earlier)).error).toMatchObject({ name: 'ProviderUnavailable' });
  });
});

test('a compressed download cannot be continued', async () => {
  const { gzipSync } = await import('node:zlib');
  const coded = await startRecorder(
    (_, response) => void response.setHeader('content-encoding', 'gzip').end(gzipSync(FILE)),
  );
  const packed = await startRecorder((_, response) => void response.end(gzipSync(FILE)));
  const plain = await startRecorder((_, response) => void response.end(FILE));

  expect((await download(`${coded.url}/v1`)).start).toMatchObject({ canGoOn: false });
  expect((await download(`${packed.url}/v1`)).start).toMatchObject({ canGoOn: false });
  expect((await download(`${plain.url}/v1`)).start).toMatchObject({ canGoOn: true });
});

test('a long file that is sent again as a whole is compared completely and passed on once', async () => {
  const line = (n: number): string => `{"custom_id":"q${n}","text":"${'x'.repeat(990)}"}\n`;
  const lines = Array.from({ length: 600 }, (_, n) => line(n));
  const long = Buffer.from(lines.join(''));
  const swapped = Buffer.from([...lines.slice(0, 300), ...lines.slice(300).toReversed()].join(''));
  const answers = (becomes?: Buffer): FileAnswer[] => [
    { fresh: 500_000 },
    { to: 'the whole', ...(becomes && { becomes }) },
  ];
  await using same = await startBreakingServer(long, answers(), { mark: 'none' });
  await using other = await startBreakingServer(long, answers(swapped), { mark: 'none' });

  expect((await download(same.url)).text).toBe(long.toString('utf8'));
  expect((await download(other.url)).error).toMatchObject({
    message: expect.stringContaining('has changed') as string,
  });
});
