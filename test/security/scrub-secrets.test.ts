import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createProviderClient } from '../../src/provider/client.ts';
import { builtInDialect } from '../../src/provider/dialects/dialects.ts';
import { createScrub } from '../../src/provider/secrets/scrub-secrets.ts';
import { FORMS, KEY, TELLING } from './key-forms.ts';
import { startRecorder } from './recorder.ts';

function expectHidden(text: string): void {
  for (const part of TELLING) expect(text).not.toContain(part);
}

describe('a key in a text', () => {
  test.each(Object.entries(FORMS))('is removed %s', (_, form) => {
    const scrubbed = createScrub([KEY])(`Incorrect API key provided: ${form}. See the docs.`);

    expectHidden(scrubbed);
    expect(scrubbed).toMatch(/^Incorrect API key provided: .*\[secret\].*See the docs\.$/);
  });

  test('is removed at any position, and nothing else is changed', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.constant(KEY), fc.lorem())), (parts) => {
        const without = parts.map((part) => (part === KEY ? '[secret]' : part)).join(' ');
        expect(createScrub([KEY])(parts.join(' '))).toBe(without);
      }),
    );
  });

  test.each([
    'The model stopped ... and went on.',
    'Keys begin with sk-proj- and have 48 characters.',
    'password: ******** [REDACTED]',
    '{"a":[1,2,3],"b":"…","c":"xxxx"}',
  ])('is not found in a text without one: %s', (text) => {
    expect(createScrub([KEY])(text)).toBe(text);
  });

  test('is removed quickly from a long text', () => {
    const text = `${'sk-proj-aB3/'.repeat(50_000)}${'*'.repeat(500_000)}${'...'.repeat(100_000)}`;
    const before = performance.now();

    createScrub([KEY])(text);

    expect(performance.now() - before).toBeLessThan(3_000);
  });

  test('may be one of several, which are all removed', () => {
    const scrub = createScrub(['first-secret-value', 'first-secret-value-and-more', 'other-secret']);

    expect(scrub('first-secret-value-and-more, first-secret-value, other-secret')).toBe(
      '[secret], [secret], [secret]',
    );
  });
});

type Echo = (form: string) => { readonly status: number; readonly type: string; readonly body: string };

const ANSWERS: Readonly<Record<string, Echo>> = {
  'an error': (form) => ({
    status: 401,
    type: 'application/json',
    body: JSON.stringify({
      error: { code: 'invalid_api_key', message: `Incorrect API key provided: ${form}` },
    }),
  }),
  'an error of FastAPI': (form) => ({
    status: 422,
    type: 'application/json',
    body: JSON.stringify({ detail: [{ msg: `bad header: ${form}` }] }),
  }),
  'a page of HTML': (form) => ({
    status: 502,
    type: 'text/html',
    body: `<html><body>authorization: ${form}</body></html>`,
  }),
  'plain text': (form) => ({ status: 400, type: 'text/plain', body: form }),
  'a batch': (form) => ({
    status: 200,
    type: 'application/json',
    body: JSON.stringify({
      id: 'b',
      status: 'failed',
      errors: { data: [{ code: 'x', message: form }] },
      metadata: { key: form },
    }),
  }),
};

test.each(Object.entries(ANSWERS))('%s with the key in any form is read without it', async (_, answer) => {
  let form = '';
  const provider = await startRecorder((_request, response) => {
    const { status, type, body } = answer(form);
    response.writeHead(status, { 'content-type': type, 'x-request': encodeURIComponent(form) }).end(body);
  });
  const client = createProviderClient({
    settings: { name: 'p', baseUrl: `${provider.url}/v1`, dialect: builtInDialect('openai') },
    apiKey: () => Promise.resolve(KEY),
    wait: () => Promise.resolve(),
  });
  onTestFinished(() => client.close());

  for (form of Object.values(FORMS)) {
    const batch = await client.getBatch('b').catch((error: unknown) => error);
    const sent = await client.send('/v1/chat/completions', '{}').catch((error: unknown) => error);

    for (const told of [batch, sent])
      expectHidden(told instanceof Error ? `${told.message} ${told.stack}` : JSON.stringify(told));
  }
});
