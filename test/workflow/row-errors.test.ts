import { expect, test } from 'vitest';
import { startScriptedProvider } from './scripted-provider.ts';
import { openWorld } from './world.ts';

/** The fields of a result line in a provider's own shape, and the outcome of its row. */
type Row = readonly [fields: object, outcome: 'ok' | 'failed' | 'exhausted', said: object];

const ANSWER = {
  model: 'm',
  choices: [{ index: 0, message: { role: 'assistant', content: 'hi' }, finish_reason: 'stop' }],
};
const ok = { text: 'hi' };
const error = (code: string, message: string): object => ({ error: { code, message } });

const wrapped = (message: string): object => ({
  response: null,
  error: { code: 'inference_failed', message },
});

const DIALECTS: Readonly<Record<'aibrix' | 'ogx' | 'melious', readonly Row[]>> = {
  aibrix: [
    ...[
      'Inference failed: 429 Too Many Requests',
      'HTTP 503: no ready pods',
      'Request timed out after 600 s',
      "Server error '502 Bad Gateway' for url 'http://engine/v1/chat/completions'",
      'ConnectError: All connection attempts failed',
      'EngineDeadError: the core stopped',
      '429, message=Too Many Requests, url=http://engine',
      "Error code: 500 - {'error': {'message': 'died'}}",
    ].map((said): Row => [wrapped(said), 'exhausted', error('inference_failed', said)]),
    ...[
      '400 Bad Request: max_tokens is too large',
      "Client error '404 Not Found' for url 'http://engine/v1/chat/completions'",
      "Error code: 422 - {'detail': 'no such parameter'}",
      '413 Request Entity Too Large',
      '400, message=Bad Request, url=http://engine',
    ].map((said): Row => [wrapped(said), 'failed', error('inference_failed', said)]),
  ],
  ogx: [
    [{ response: { status_code: 200, body: JSON.stringify(ANSWER) } }, 'ok', ok],
    [{ response: { status_code: 200, body: JSON.stringify(JSON.stringify(ANSWER)) } }, 'ok', ok],
    [
      {
        response: {
          status_code: 200,
          body: "{'choices': [{'index': 0, 'message': {'role': 'assistant', 'content': 'hi', 'refusal': None}}], 'cost': 10.10}",
        },
      },
      'ok',
      { ...ok, body: { cost: 10.1 } },
    ],
    [
      { error: { type: 'APIConnectionError', message: 'Connection error.' } },
      'exhausted',
      error('APIConnectionError', 'Connection error.'),
    ],
    [
      { error: { type: 'processing_error', message: 'Rate limit reached' } },
      'exhausted',
      error('processing_error', 'Rate limit reached'),
    ],
    [
      { error: { type: 'request_failed', message: "Error code: 400 - {'detail': 'no'}" } },
      'failed',
      error('request_failed', "Error code: 400 - {'detail': 'no'}"),
    ],
    [
      { error: { type: 'ValueError', message: 'Model m not found' } },
      'failed',
      error('ValueError', 'Model m not found'),
    ],
    [
      {
        response: {
          status_code: 400,
          body: JSON.stringify({
            error: { detail: { errors: [{ loc: ['body', 'top_p'], msg: 'too large', type: 'less_than' }] } },
          }),
        },
      },
      'failed',
      error('HTTP_400', 'top_p: too large'),
    ],
    [
      { error_message: 'Internal server error', error_code: 500 },
      'exhausted',
      error('500', 'Internal server error'),
    ],
  ],
  melious: [
    [{ response: { body: ANSWER }, error: { code: 0, message: 'OK' } }, 'ok', ok],
    [{ response: { body: ANSWER }, error: { code: 200, message: 'success' } }, 'ok', ok],
    [
      { error: { code: 'inference_3103', message: 'no room' } },
      'exhausted',
      error('inference_3103', 'no room'),
    ],
    [
      { error: { success: false, error: { code: 'INFERENCE_3107', message: 'busy' } } },
      'exhausted',
      error('INFERENCE_3107', 'busy'),
    ],
    [
      { response: { body: { success: true, data: ANSWER } } },
      'failed',
      { ...error('UNEXPECTED_RESULT', 'The answer has no "choices".'), body: { data: ANSWER } },
    ],
    [
      { response: { body: ANSWER }, error: { code: 'cut', message: 'It broke off.' } },
      'failed',
      { ...error('cut', 'It broke off.'), body: ANSWER },
    ],
    [
      { status: 'failed', message: 'request timed out' },
      'exhausted',
      error('EMPTY_RESULT', 'request timed out'),
    ],
  ],
};

test.each(Object.entries(DIALECTS))(
  'each line of %s decides about its row, and rows are sent again only if that may help',
  async (dialect, rows) => {
    const lines = rows.map(([fields]) => JSON.stringify(fields).slice(1, -1));
    const script = Object.fromEntries(lines.map((fields, n) => [`r${n}`, { body: '', fields }]));
    const { url, asked } = await startScriptedProvider(script, {
      doneStatus: dialect === 'melious' ? 'succeeded' : 'completed',
    });
    const world = await openWorld({ providerUrl: url });
    const input = rows.map((_, n) =>
      JSON.stringify({ custom_id: `r${n}`, body: { messages: [], user: `r${n}` } }),
    );

    const { results } = await world.run(input.join('\n'), {
      provider: `${dialect}-simulator`,
      model: 'm',
      rounds: 2,
    });

    expect(results).toMatchObject(
      rows.map(([, outcome, said]) => (outcome === 'ok' ? { ok: true, ...said } : { outcome, ...said })),
    );
    expect(rows.map((_, n) => asked.get(`r${n}`))).toEqual(
      rows.map(([, outcome]) => (outcome === 'exhausted' ? 2 : 1)),
    );
  },
);
