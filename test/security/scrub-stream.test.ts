import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { createProviderClient } from '../../src/provider/client.ts';
import { builtInDialect } from '../../src/provider/dialects/dialects.ts';
import { scrubStream } from '../../src/provider/secrets/scrub-stream.ts';
import { KEY as KEY_OF_WORLD } from '../support/edges.ts';
import { openWorld, prompts } from '../workflow/world.ts';
import { FORMS, KEY, TELLING } from './key-forms.ts';
import { startRecorder } from './recorder.ts';

async function* cut(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Buffer> {
  for (let at = 0, n = 0; at < bytes.length; n += 1) {
    const size = sizes[n % sizes.length] ?? 1;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

async function scrubbed(text: string, sizes: readonly number[], secrets = [KEY]): Promise<string> {
  const chunks = await Array.fromAsync(scrubStream(cut(Buffer.from(text), sizes), secrets));
  return Buffer.concat(chunks).toString('utf8');
}

const lineWith = (form: string): string =>
  `${JSON.stringify({ custom_id: 'a', error: { message: `Incorrect API key: ${form}; Grüße 🌍` } })}\n`;

test.each(Object.entries(FORMS))(
  'a file with the key %s is stored without it and keeps its length',
  async (_, form) => {
    const line = lineWith(form);

    const whole = await scrubbed(line, [line.length]);

    for (const part of TELLING) expect(whole).not.toContain(part);
    expect(Buffer.byteLength(whole)).toBe(Buffer.byteLength(line));
    expect(JSON.parse(whole)).toMatchObject({
      custom_id: 'a',
      error: { message: expect.stringMatching(/^Incorrect API key: .*; Grüße 🌍$/) },
    });
  },
);

test('a key is removed from chunks of any size, and all other bytes stay unchanged', async () => {
  const parts = fc.array(
    fc.oneof(
      fc.constant(KEY),
      fc.constant(Buffer.from(KEY).toString('base64')),
      fc.lorem(),
      fc.constant('…'),
      fc.constant(KEY.slice(0, 3)),
    ),
  );
  await fc.assert(
    fc.asyncProperty(
      parts,
      fc.array(fc.integer({ min: 1, max: 70 }), { minLength: 1 }),
      async (texts, sizes) => {
        const text = texts.join(' | ');
        const mark = (length: number): string => '[secret]'.padEnd(length, '*');
        const base64 = Buffer.from(KEY).toString('base64');
        const read = await scrubbed(text, sizes);

        expect(read).toBe(await scrubbed(text, [text.length + 1]));
        expect(read).not.toContain(base64);
        expect(read.replaceAll(mark(KEY.length), KEY)).toHaveLength(text.length);
        for (const [n, part] of texts.entries())
          if (part !== KEY && part !== base64) expect(read.split(' | ')[n]).toBe(part);
      },
    ),
  );
});

test('a key is found late in a large file', async () => {
  const text = `${'{"custom_id":"a","text":"nothing"}\n'.repeat(300_000)}${lineWith(KEY)}`;

  const read = await scrubbed(text, [65_536]);

  expect(read).not.toContain(KEY.slice(0, 16));
  expect(read.length).toBe(text.length);
});

test('a file without a key is not changed', async () => {
  const chunk = Buffer.from('{"custom_id":"a","text":"Keys begin with sk-proj- ... and end with ****."}\n');

  const [read] = await Array.fromAsync(
    scrubStream(cut(chunk, [chunk.length]), ['another-key-of-16-or-more']),
  );

  expect(read?.buffer).toBe(chunk.buffer);
});

test('every key and secret header that was sent is removed from a download, compressed or not', async () => {
  const provider = await startRecorder((request, response) => {
    const { authorization = '', 'x-team': team = '' } = request.headers;
    response.end(`${JSON.stringify({ custom_id: 'a', seen: { authorization, team } })}\n`);
  });
  const keys = ['first-key-of-the-provider', 'second-key-of-the-provider'];
  const client = createProviderClient({
    settings: { name: 'p', baseUrl: `${provider.url}/v1`, dialect: builtInDialect('openai') },
    apiKey: () => Promise.resolve(keys.shift() ?? 'third-key-of-the-provider'),
    ownHeaders: () => Promise.resolve([{ name: 'X-Team', value: 'team-secret-of-ours', isSecret: true }]),
  });
  onTestFinished(() => client.close());

  for (let times = 0; times < 2; times += 1) {
    const file = Buffer.concat(await Array.fromAsync(client.download('file-1'))).toString('utf8');

    expect(file).toContain('"custom_id":"a"');
    expect(file).not.toMatch(/-key-of|team-secret/);
  }
});

test('no object of a job has the key that its provider wrote into both files', async () => {
  const world = await openWorld({
    faults: [
      { at: 'row', ids: ['q0'], action: { kind: 'text', text: `You sent ${KEY_OF_WORLD}` } },
      {
        at: 'row',
        ids: ['q1'],
        action: { kind: 'error', code: 'bad', status: 400, message: `Bad key ${KEY_OF_WORLD}` },
      },
    ],
  });

  const { jobId, results, deadLettersText } = await world.run(prompts(3));

  expect(results[0]).toMatchObject({ ok: true, text: expect.stringMatching(/^You sent \[secret\]\**$/) });
  expect(deadLettersText).toContain('Bad key [secret]');
  const holding: string[] = [];
  for await (const { key } of world.store.list('')) {
    if (!key.includes(jobId)) continue;
    if ((await world.store.get(key))?.includes(KEY_OF_WORLD) === true) holding.push(key);
  }
  expect(holding).toEqual([]);
});
