import { describe, expect, test } from 'vitest';
import type { CompletionEvent } from '../../src/announce/completion-event.ts';
import { createWebhook } from '../../src/announce/webhook.ts';
import { startReceiver, type Post } from './http-receiver.ts';

const SECRET = 'whs-0123456789abcdef';
const NOW = 1_793_484_000;
const EVENT: CompletionEvent = {
  source: 'nightshift',
  'detail-type': 'Job Succeeded',
  detail: {
    id: 'job-1-r2',
    jobId: 'job-1',
    profile: 'Größe',
    status: 'succeeded',
    rows: 1,
    counts: { ok: 1, failed: 0, exhausted: 0, invalid_output: 0, invalid: 0 },
    keys: { summary: 'output/job-1/summary.json', results: 'output/job-1/results.jsonl' },
    endedAt: '2026-11-01T22:00:00.000Z',
  },
};

const webhook = (url: string, now = NOW) =>
  createWebhook({ url, secret: () => Promise.resolve(SECRET), clock: { now: () => now * 1_000 + 999 } });

const header = ({ headers }: Post, name: string): string => String(headers[name]);

/**
 * A receiver that follows `docs/completion.md` and shares no code with this project: WebCrypto verifies the signature, and old or repeated events
 * are dropped.
 */
class Receiver {
  readonly #known = new Set<string>();

  async take(post: Post, now: number): Promise<'taken' | 'forged' | 'old' | 'known'> {
    const timestamp = header(post, 'x-nightshift-timestamp');
    const [scheme, hex = ''] = header(post, 'x-nightshift-signature').split('=');
    const encoder = new TextEncoder();
    const algorithm = { name: 'HMAC', hash: 'SHA-256' };
    const key = await crypto.subtle.importKey('raw', encoder.encode(SECRET), algorithm, false, ['verify']);
    const signed = encoder.encode(`${timestamp}.${post.body}`);
    const signature = Buffer.from(hex, 'hex');
    if (scheme !== 'sha256' || !(await crypto.subtle.verify('HMAC', key, signature, signed))) return 'forged';
    if (Math.abs(now - Number(timestamp)) > 300) return 'old';
    const { id } = (JSON.parse(post.body) as CompletionEvent).detail;
    if (this.#known.has(id)) return 'known';
    this.#known.add(id);
    return 'taken';
  }
}

async function received(): Promise<Post> {
  const { url, posts } = await startReceiver(200);
  await webhook(url).deliver(EVENT);
  const [post] = posts;
  if (post === undefined) throw new Error('Nothing came.');
  return post;
}

describe('a post', () => {
  test('is the event as JSON, with its id and time', async () => {
    const post = await received();
    expect(JSON.parse(post.body)).toEqual(EVENT);
    expect(post.headers).toMatchObject({
      'content-type': 'application/json',
      'x-nightshift-id': 'job-1-r2',
      'x-nightshift-timestamp': String(NOW),
    });
    expect(JSON.stringify(post)).not.toContain(SECRET);
  });

  test('has a signature that another implementation verifies', async () => {
    expect(await new Receiver().take(await received(), NOW + 10)).toBe('taken');
  });

  test.each<[string, (post: Post) => Post]>([
    ['body', (post) => ({ ...post, body: post.body.replace('succeeded', 'failed') })],
    [
      'timestamp',
      (post) => ({ ...post, headers: { ...post.headers, 'x-nightshift-timestamp': String(NOW + 1) } }),
    ],
  ])('is recognised as forged if its %s was changed', async (_, forge) => {
    expect(await new Receiver().take(forge(await received()), NOW)).toBe('forged');
  });

  test('is rejected if it is replayed or too old', async () => {
    const receiver = new Receiver();
    const post = await received();
    expect(await receiver.take(post, NOW)).toBe('taken');
    expect(await receiver.take(post, NOW + 1)).toBe('known');
    expect(await receiver.take(post, NOW + 301)).toBe('old');
  });
});

describe('an answer', () => {
  test.each([200, 202, 204])('%i is a success', async (status) => {
    const { url } = await startReceiver(status);
    await expect(webhook(url).deliver(EVENT)).resolves.toBeUndefined();
  });

  test.each([408, 425, 429, 500, 503])('%i is retried', async (status) => {
    const { url } = await startReceiver(status);
    await expect(webhook(url).deliver(EVENT)).rejects.toMatchObject({
      name: 'AnnouncementUnavailable',
      message: `The webhook answered ${status}.`,
    });
  });

  test.each([301, 307, 400, 401, 404, 410])(
    '%i is not retried, and a redirect is not followed',
    async (status) => {
      const { url, posts } = await startReceiver(status);
      await expect(webhook(url).deliver(EVENT)).rejects.toMatchObject({ name: 'AnnouncementRejected' });
      expect(posts).toHaveLength(1);
    },
  );

  test('that never comes is retried', async () => {
    await expect(webhook('http://127.0.0.1:9/hook').deliver(EVENT)).rejects.toMatchObject({
      name: 'AnnouncementUnavailable',
    });
  });
});
