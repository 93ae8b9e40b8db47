import { describe, expect, test } from 'vitest';
import { resultsKey } from '../../src/checkpoints/keys.ts';
import type { ProfileConfig } from '../../src/config/config.ts';
import { startScriptedProvider, type Scripted } from './scripted-provider.ts';
import { openWorld, type Ended } from './world.ts';

/** A row: the fields of its body except the model, the answers to it, its result line, and the number of calls. */
interface Case {
  readonly body?: object;
  readonly answer: Scripted;
  readonly line: object;
  readonly asked?: number;
}

const ROUNDS = 2;
/** Realtime calls of a row in a round, when another call may help. */
const CALLS = 4;

interface Settled extends Ended {
  readonly text: string;
  readonly asked: ReadonlyMap<string, number>;
}

async function settle(
  how: 'batch' | 'direct',
  cases: Readonly<Record<string, Case>>,
  profile: ProfileConfig,
): Promise<Settled> {
  const script = Object.fromEntries(Object.entries(cases).map(([id, { answer }]) => [id, answer]));
  const { url, asked } = await startScriptedProvider(script);
  const world = await openWorld({ providerUrl: url });
  const rows = Object.entries(cases).map(([id, { body }]) =>
    JSON.stringify({ custom_id: id, body: { messages: [], ...body, user: id } }),
  );
  const ended = await world.run(rows.join('\n'), {
    provider: 'openai-simulator',
    model: 'm',
    rounds: ROUNDS,
    ...(how === 'direct' && { small: 'direct' }),
    ...profile,
  });
  const text = (await world.store.get(resultsKey(ended.jobId)))?.toString('utf8') ?? '';
  return { ...ended, text, asked };
}

async function expectAll(
  how: 'batch' | 'direct',
  cases: Readonly<Record<string, Case>>,
  profile: ProfileConfig,
): Promise<Settled> {
  const settled = await settle(how, cases, profile);
  expect(settled.error).toBeUndefined();
  const lines = Object.entries(cases).map(([custom_id, { line }]) => ({ custom_id, ...line }));
  expect(settled.results).toMatchObject(lines);
  const perRound = how === 'direct' ? CALLS : 1;
  for (const [id, { asked = 1 }] of Object.entries(cases))
    expect([id, settled.asked.get(id)]).toEqual([id, asked === 1 ? 1 : asked * perRound]);
  return settled;
}

const failed = (code: string, message: string): object => ({
  ok: false,
  outcome: 'failed',
  error: { code, message: expect.stringContaining(message) as string },
});
const exhausted = (code: string, message: string): object => ({
  ...failed(code, message),
  outcome: 'exhausted',
});

const chat = (message: string, more = ''): Scripted => ({
  body: `{"id":"c","model":"m","choices":[{"index":0,"message":${message},"finish_reason":"stop"${more}}],"usage":{"prompt_tokens":3,"completion_tokens":2}}`,
});

const CHAT: Readonly<Record<string, Case>> = {
  fine: { answer: chat('{"role":"assistant","content":"hello"}'), line: { ok: true, text: 'hello' } },
  'error-that-stays': {
    answer: { body: '{"error":{"code":404,"message":"no pictures here"}}' },
    line: failed('404', 'no pictures here'),
  },
  'no-choices': {
    answer: { body: '{"choices":[],"usage":{"prompt_tokens":3}}' },
    line: exhausted('EMPTY_RESULT', 'choices'),
    asked: ROUNDS,
  },
  'empty-body': { answer: { body: '{}' }, line: exhausted('EMPTY_RESULT', ''), asked: ROUNDS },
  'another-shape': {
    answer: { body: '{"choices":"all of them"}' },
    line: { ...failed('UNEXPECTED_RESULT', 'choices'), body: { choices: 'all of them' } },
  },
  'not-json': {
    answer: chat('{"content":"yes"}', ',"logprobs":[-Infinity,NaN,"NaN"]'),
    line: { ok: true, text: 'yes', body: { choices: [{ logprobs: [null, null, 'NaN'] }] } },
  },
  parts: {
    answer: chat(
      '{"content":[{"type":"thinking","thinking":"hm"},{"type":"text","text":"a"},{"type":"text","text":"b"}]}',
    ),
    line: {
      ok: true,
      text: 'ab',
      body: { choices: [{ message: { content: [{ thinking: 'hm' }, {}, {}] } }] },
    },
  },
  'cut-in-thought': {
    answer: { body: '{"model":"m","choices":[{"message":{"reasoning":"long"},"finish_reason":"length"}]}' },
    line: {
      ok: true,
      text: null,
      finish_reason: 'length',
      model: 'm',
      body: { choices: [{ message: { reasoning: 'long' } }] },
    },
  },
  'tools-only': {
    answer: {
      body: '{"choices":[{"message":{"role":"assistant","tool_calls":[{"id":"t","function":{"name":"f"}}]},"finish_reason":"tool_calls"}],"usage":{"completion_tokens":4}}',
    },
    line: {
      ok: true,
      text: null,
      finish_reason: 'tool_calls',
      body: { choices: [{ message: { tool_calls: [{ id: 't' }] } }] },
    },
  },
  words: {
    answer: { status: 400, body: '"too many tokens: 9 of 8"' },
    line: failed('HTTP_400', 'too many tokens: 9 of 8'),
  },
  detail: {
    answer: { status: 422, body: '{"detail":[{"loc":["body","messages"],"msg":"field required"}]}' },
    line: failed('HTTP_422', 'messages: field required'),
  },
  page: {
    answer: { status: 400, body: '"<html><title>400 Bad Request</title></html>"' },
    line: failed('400', '400 Bad Request'),
  },
};

/** Transient failures. Each has its own job, because every failure slows the realtime calls of its job. */
const PASSING: Readonly<Record<string, Case>> = {
  'error-that-passes': {
    answer: { body: '{"error":{"code":503,"message":"upstream is busy"},"user_id":"u"}' },
    line: exhausted('503', 'upstream is busy'),
    asked: ROUNDS,
  },
  'choice-with-error': {
    answer: chat('{"content":""}', ',"error":{"code":502,"message":"broke off"}'),
    line: { ...exhausted('502', 'broke off'), body: { usage: { prompt_tokens: 3 } } },
    asked: ROUNDS,
  },
  'nested-error': {
    answer: {
      status: 400,
      body: '{"error":{"error":{"message":"engine died","type":"Internal","code":500}}}',
    },
    line: exhausted('500', 'engine died'),
    asked: ROUNDS,
  },
};

describe.each(['batch', 'direct'] as const)('the answers of a %s', (how) => {
  test('to chat are ok only if they are answers', async () => {
    const { summary } = await expectAll(how, CHAT, {});

    expect(summary).toMatchObject({ status: 'partial', counts: { ok: 5 }, truncated: 1 });
  });

  test.each(Object.entries(PASSING))(
    'to chat are requested again after a temporary failure: %s',
    async (id, passing) => {
      await expectAll(how, { [id]: passing }, {});
    },
  );

  test('to chat are requested again as often as the profile says, with any wait of another row', async () => {
    const choices = (rest: string): string => `{"model":"m","choices":[${rest}],"usage":{"prompt_tokens":3}}`;
    const cases: Readonly<Record<string, Case>> = {
      limited: {
        answer: { body: '{"error":{"code":429,"message":"no room upstream"},"user_id":"u"}' },
        line: exhausted('429', 'no room upstream'),
      },
      stays: {
        answer: { body: '{"error":{"code":404,"message":"no such route"}}' },
        line: failed('404', 'no such route'),
      },
      'broken-off': {
        answer: {
          body: choices(
            '{"finish_reason":"error","message":{"content":"be"},"error":{"code":502,"message":"lost"}}',
          ),
        },
        line: exhausted('502', 'lost'),
        asked: ROUNDS,
      },
      nothing: {
        answer: { body: choices('') },
        line: exhausted('EMPTY_RESULT', 'choices'),
        asked: ROUNDS,
      },
      empty: { answer: { body: '{}' }, line: exhausted('EMPTY_RESULT', 'choices'), asked: ROUNDS },
      fine: {
        answer: { body: choices('{"message":{"content":"hello"}}') },
        line: { ok: true, text: 'hello' },
      },
    };
    const { limited, ...others } = cases;

    const { results, asked, summary } = await settle(how, cases, {});

    expect(results).toMatchObject(
      Object.entries(cases).map(([custom_id, { line }]) => ({ custom_id, ...line })),
    );
    for (const [id, { asked: times = 1 }] of Object.entries(others))
      expect([id, asked.get(id)]).toEqual([id, times === 1 || how === 'batch' ? times : times * CALLS]);
    expect(limited !== undefined && asked.get('limited')).toBeGreaterThanOrEqual(ROUNDS);
    expect(summary).toMatchObject({ counts: { ok: 1, failed: 1, exhausted: 4 }, rounds: ROUNDS });
  });

  test('keep every digit of any number', async () => {
    const row = chat(
      '{"content":"x"}',
      ',"seed":1234567890123456789,"cost":10.10,"rest":[1E5,-0,0.1000000000000000055511151231257827]',
    );

    const { text } = await expectAll(how, { a: { answer: row, line: { ok: true } } }, {});

    expect(text).toContain(
      '"seed":1234567890123456789,"cost":10.10,"rest":[1E5,-0,0.1000000000000000055511151231257827]',
    );
  });

  test('that match a schema keep their digits', async () => {
    const row = chat(String.raw`{"content":"{\"order\":1234567890123456789,\"amount\":10.10}"}`);
    const properties = { order: { type: 'integer', minimum: 5 }, amount: { type: 'number' } };

    const { text } = await expectAll(
      how,
      { a: { answer: row, line: { ok: true } } },
      { output: { schema: { type: 'object', properties } } },
    );

    expect(text).toContain('"output":{"order":1234567890123456789,"amount":10.10}');
  });

  test('that come in parts are matched as a whole, without the thinking of the model', async () => {
    const parts = String.raw`[{"type":"thinking","thinking":[{"type":"text","text":"Hm."}]},{"type":"text","text":"{\"label\": "},{"type":"thinking","thinking":[]},{"type":"text","text":"\"spam\"}"}]`;

    await expectAll(
      how,
      { parts: { answer: chat(`{"content":${parts}}`), line: { ok: true, output: { label: 'spam' } } } },
      { output: { schema: { required: ['label'] } } },
    );
  });

  test('that cannot be checked do not fail other rows', async () => {
    const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;
    const schema = {
      $defs: { list: { type: 'array', items: { $ref: '#/$defs/list' } } },
      $ref: '#/$defs/list',
    };

    await expectAll(
      how,
      {
        deep: {
          answer: chat(`{"content":"${deep}"}`),
          line: { ok: false, error: { code: 'OUTPUT_NOT_CHECKED' } },
        },
        flat: { answer: chat('{"content":"[[],[]]"}'), line: { ok: true, output: [[], []] } },
      },
      { output: { schema, retry: true } },
    );
  });

  test('to embeddings have one vector for each input', async () => {
    const vectors = (...data: string[]): Scripted => ({
      body: `{"data":[${data.join()}],"usage":{"prompt_tokens":1}}`,
    });
    const at = (index: number, embedding: string): string => `{"index":${index},"embedding":${embedding}}`;
    const body = { input: ['a', 'b', 'c'], messages: undefined };
    const wrong = (code: string): object => failed(code, 'does not fit its request');
    const cases = {
      'in-any-order': {
        body,
        answer: vectors(at(2, '[3,1.10]'), at(0, '[1]'), at(1, '"AACAPw=="')),
        line: { ok: true, embeddings: [[1], 'AACAPw==', [3, 1.1]] },
      },
      tokens: {
        body: { ...body, input: [5, 6, 7] },
        answer: vectors(at(0, '[1]')),
        line: { ok: true, embeddings: [[1]] },
      },
      one: {
        body: { ...body, input: 'a' },
        answer: vectors(at(0, '[1]')),
        line: { ok: true, embedding: [1] },
      },
      dropped: { body, answer: vectors(at(0, '[1]'), at(1, '[3]')), line: wrong('MISSING_VECTOR') },
      'dropped-in-between': {
        body,
        answer: vectors(at(2, '[3]'), at(0, '[1]')),
        line: wrong('MISSING_VECTOR'),
      },
      nothing: {
        body: { ...body, input: ['a', 'b'] },
        answer: vectors(at(0, '[1]'), at(1, 'null')),
        line: wrong('MISSING_VECTOR'),
      },
      empty: { body: { ...body, input: 'a' }, answer: vectors(at(0, '[]')), line: wrong('EMPTY_VECTOR') },
      surplus: {
        body: { ...body, input: 'a' },
        answer: vectors(at(0, '[1]'), at(1, '[1]')),
        line: wrong('SURPLUS_VECTOR'),
      },
      twice: {
        body: { ...body, input: ['a', 'b'] },
        answer: vectors(at(0, '[1]'), at(0, '[2]')),
        line: wrong('DUPLICATE_VECTOR'),
      },
      words: {
        body: { ...body, input: 'a' },
        answer: vectors(at(0, '["1"]')),
        line: wrong('INVALID_VECTOR'),
      },
      none: {
        body: { ...body, input: 'a' },
        answer: vectors(),
        line: exhausted('EMPTY_RESULT', 'data'),
        asked: ROUNDS,
      },
    };

    const { text } = await expectAll(how, cases, { endpoint: '/v1/embeddings' });

    expect(text).toContain('[3,1.10]');
  });

  test('to responses are the message that answers', async () => {
    const message = (text: string, more = ''): string =>
      `{"type":"message","role":"assistant","content":[{"type":"output_text","text":${JSON.stringify(text)}}]${more}}`;
    const response = (status: string, output: string, more = ''): Scripted => ({
      body: `{"id":"r","object":"response","status":"${status}","model":"m","output":[${output}]${more}}`,
    });
    const body = { input: 'a', messages: undefined };
    const spoken = `${message('First I look.', ',"phase":"commentary"')},${message('spam', ',"phase":"final_answer"')}`;
    const cases = {
      fine: {
        body,
        answer: response('completed', message('spam')),
        line: { ok: true, text: 'spam', finish_reason: 'stop' },
      },
      'on-the-way': {
        body,
        answer: response('completed', spoken),
        line: { ok: true, text: 'spam', body: { output: [{}, {}] } },
      },
      'cut-off': {
        body,
        answer: response('incomplete', message('sp'), ',"incomplete_details":{"reason":"max_output_tokens"}'),
        line: { ok: true, text: 'sp', finish_reason: 'length' },
      },
      'cut-off-before': {
        body,
        answer: response('incomplete', ''),
        line: exhausted('EMPTY_RESULT', 'output'),
        asked: ROUNDS,
      },
      failed: {
        body,
        answer: response('failed', '', ',"error":{"code":"invalid_prompt","message":"not allowed"}'),
        line: failed('invalid_prompt', 'not allowed'),
      },
      ...Object.fromEntries(
        ['queued', 'in_progress', 'cancelled', 'failed'].map((status) => [
          `is-${status}`,
          {
            body,
            answer: response(status, ''),
            line: exhausted('RESPONSE_NOT_COMPLETED', status),
            asked: ROUNDS,
          },
        ]),
      ),
    };

    const { summary } = await expectAll(how, cases, { endpoint: '/v1/responses' });

    expect(summary.truncated).toBe(1);
  });

  test('to responses with a schema are the one message that parses, and never two of them', async () => {
    const message = (text: string): string =>
      `{"type":"message","content":[{"type":"output_text","text":${JSON.stringify(text)}}]}`;
    const [part, whole] = [message('{"label": "spam be'), message('{"label": "spam"}')];
    const body = { input: 'a', messages: undefined };
    const line = { ok: true, output: { label: 'spam' }, body: { output: [{}, {}] } };
    const answer = (output: string): Scripted => ({ body: `{"status":"completed","output":[${output}]}` });

    await expectAll(
      how,
      {
        last: { body, answer: answer(`${part},${whole}`), line },
        first: { body, answer: answer(`${whole},${part}`), line },
      },
      { endpoint: '/v1/responses', output: { schema: { required: ['label'] } } },
    );
  });

  test('of an unknown endpoint are passed on, unless they are errors', async () => {
    const body = { input: 'a', messages: undefined };
    const cases = {
      anything: {
        body,
        answer: { body: '{"results":[{"flagged":1.0}]}' },
        line: { ok: true, body: { results: [{}] } },
      },
      error: {
        body,
        answer: { body: '{"error":{"code":"busy","message":"no"}}' },
        line: failed('busy', 'no'),
      },
      detail: {
        body,
        answer: { body: '{"detail":"no such model"}' },
        line: failed('UNKNOWN', 'no such model'),
      },
    };

    await expectAll(how, cases, { endpoint: '/v1/moderations' });
  });
});

test.each([1, 2, 3])(
  'rows with useless answers are paid for in %i rounds, with any number of parts of a file',
  async (rounds) => {
    const empty = { body: '{"choices":[],"usage":{"completion_tokens":3}}' };
    const ids = Array.from({ length: 24 }, (_, n) => `r${n}`);
    const script = Object.fromEntries(
      ids.map((id, n) => [id, n % 8 === 0 ? empty : chat('{"content":"hello"}')]),
    );
    const { url, asked } = await startScriptedProvider(script, { maxRows: 4 });
    const world = await openWorld({ providerUrl: url });
    const rows = ids.map((id) => JSON.stringify({ custom_id: id, body: { messages: [], user: id } }));

    const { summary } = await world.run(rows.join('\n'), {
      provider: 'openai-simulator',
      model: 'm',
      rounds,
    });

    expect(summary.counts).toMatchObject({ ok: 21, exhausted: 3 });
    const times = ids.flatMap((id, n) => (n % 8 === 0 ? [asked.get(id) ?? 0] : []));
    expect(Math.min(...times)).toBeGreaterThanOrEqual(Math.min(rounds, 2));
    expect(Math.max(...times)).toBeLessThanOrEqual(rounds);
  },
);
