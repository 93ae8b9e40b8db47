import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { classifyLine } from '../../src/collect/lines/classify-line.ts';
import { renderResult } from '../../src/collect/lines/render-result.ts';
import { ONE_INPUT } from '../../src/endpoints/asked.ts';
import type { Asked } from '../../src/endpoints/endpoint.ts';
import { endpointAt } from '../../src/endpoints/endpoints.ts';
import { FastLines } from '../../src/fast-path/fast-lines.ts';
import { jsonLine } from '../../src/jsonl/json-line.ts';

/** What an answer is, stated once more: not with the project's own readers. */
type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const objects = (list: unknown): readonly Json[] =>
  Array.isArray(list) ? list.map((each: unknown) => (isObject(each) ? each : {})) : [];
/** Whether there is any text or number in a value: an error without one is how some programs write that there is none. */
const holdsAnything = (value: unknown): boolean =>
  typeof value === 'object' && value !== null
    ? Object.values(value).some(holdsAnything)
    : value !== null && value !== undefined && value !== '' && value !== 0;
const hasError = (value: Json): boolean => holdsAnything(value['error']) || holdsAnything(value['errors']);
const isVector = (value: unknown): boolean =>
  Array.isArray(value) && value.length > 0 && value.every((each) => typeof each === 'number');

const UNKNOWN = '/v1/moderations';

const DEFINITIONS: Readonly<Record<string, (body: Json, asked: Asked) => boolean>> = {
  '/v1/chat/completions': ({ choices }) =>
    objects(choices).some(({ message }) => isObject(message)) &&
    objects(choices).every(
      (choice) =>
        ![choice, ...objects([choice['message']])].some(hasError) && choice['finish_reason'] !== 'error',
    ),
  '/v1/completions': ({ choices }, { inputs = 1 }) =>
    objects(choices).filter(({ text }) => typeof text === 'string').length >= inputs &&
    objects(choices).every(
      (choice) =>
        ![choice, ...objects([choice['text']])].some(hasError) && choice['finish_reason'] !== 'error',
    ),
  '/v1/responses': ({ status, output }) =>
    (status === 'completed' || status === 'incomplete') &&
    objects(output).some((item) => Object.keys(item).length > 0),
  '/v1/embeddings': ({ data }, { inputs = 1 }) => {
    const places = objects(data).map(({ index }, at) => index ?? at);
    return (
      objects(data).every((entry) => isVector(entry['embedding']) && !hasError(entry)) &&
      places.length === inputs &&
      Array.from({ length: inputs }, (_, at) => at).every((at) => places.includes(at))
    );
  },
  '/v1/rerank': ({ results }, { inputs: documents = 99 }) =>
    objects(results).length > 0 &&
    objects(results).every(
      (each) =>
        !hasError(each) &&
        Number.isInteger(each['index']) &&
        Number(each['index']) < documents &&
        typeof each['relevance_score'] === 'number',
    ) &&
    new Set(objects(results).map(({ index }) => index)).size === objects(results).length,
  '/v1/images/generations': ({ data }) =>
    objects(data).some(({ url }) => typeof url === 'string') &&
    objects(data).every((each) => !hasError(each)),
  '/v1/audio/speech': (body) =>
    ['audio', 'data', 'b64_json', 'audio_base64', 'base64_audio', 'content'].some((place) => {
      const value = body[place];
      return (isObject(value) ? value['data'] : value) === SOUND;
    }),
  [UNKNOWN]: () => true,
};

const SOUND = Buffer.from('RIFF and some samples, and more of them').toString('base64');

/** An endpoint that is not known answers with whatever is more than an error. */
const NAMES_OF_AN_ANSWER = new Set(['error', 'errors', 'id', 'model', 'message', 'code']);
const carriesError = (path: string, body: Json): boolean =>
  hasError(body) && (path !== UNKNOWN || Object.keys(body).every((name) => NAMES_OF_AN_ANSWER.has(name)));

/** A text that is found again wherever it went. */
let tokens = 0;
const token = (): string => `token_${(tokens += 1)}_`;

const maybe = fc.boolean();
const message = maybe.map((cut) => ({
  role: 'assistant',
  content: token(),
  ...(cut && { reasoning: token() }),
}));
const parts = fc.constant(null).map(() => [
  { type: 'thinking', thinking: token() },
  { type: 'text', text: token() },
]);
const choice = fc.oneof(
  message.map((said) => ({ index: 0, message: said, finish_reason: 'stop' })),
  parts.map((content) => ({ index: 0, message: { role: 'assistant', content }, finish_reason: 'length' })),
);
const item = fc.oneof(
  fc.constantFrom(undefined, 'commentary', 'final_answer').map((phase) => ({
    type: 'message',
    role: 'assistant',
    content: [{ type: 'output_text', text: token(), annotations: [] }],
    ...(phase !== undefined && { phase }),
  })),
  fc.constant(null).map(() => ({ type: 'function_call', name: token() })),
);
const list = <Value>(value: fc.Arbitrary<Value>) => fc.array(value, { minLength: 1, maxLength: 3 });
const indexed = <Value extends object>(value: fc.Arbitrary<Value>) =>
  list(value).map((entries) => entries.map((entry, index) => ({ index, ...entry })));
const usage = { prompt_tokens: 3, completion_tokens: 4 };

const BODIES: Readonly<Record<string, fc.Arbitrary<Json>>> = {
  '/v1/chat/completions': fc.record({
    model: fc.constant('m'),
    choices: list(choice),
    usage: fc.constant(usage),
  }),
  '/v1/completions': fc.record({
    choices: list(maybe.map(() => ({ index: 0, text: token(), finish_reason: 'stop' }))),
    usage: fc.constant(usage),
  }),
  '/v1/responses': fc.record({
    object: fc.constant('response'),
    status: fc.constantFrom('completed', 'incomplete', 'failed', 'queued', 'in_progress', 'cancelled'),
    output: list(item),
    usage: fc.constant(usage),
  }),
  '/v1/embeddings': fc.record({
    object: fc.constant('list'),
    data: indexed(
      fc.record({ object: fc.constant('embedding'), embedding: fc.array(fc.nat(9), { maxLength: 9 }) }),
    ),
    usage: fc.constant(usage),
  }),
  '/v1/rerank': fc.record({
    results: indexed(fc.record({ relevance_score: fc.nat(100) })),
    usage: fc.constant(usage),
  }),
  '/v1/images/generations': fc.record({ data: list(maybe.map(() => ({ url: token(), size: token() }))) }),
  '/v1/audio/speech': fc
    .constantFrom<Json>(
      { audio: SOUND },
      { audio: { data: SOUND, rate: 24_000 } },
      { content: SOUND, extra: 1 },
      { audio: null, b64_json: SOUND },
      { audio: 'I am sorry, but I cannot say that.' },
      { usage },
    )
    .map((body) => ({ ...body, said: token() })),
  [UNKNOWN]: fc.oneof(
    fc.record({ id: fc.constant('m'), results: list(maybe.map((flagged) => ({ flagged, why: token() }))) }),
    maybe.map((named) => ({
      error: { message: token(), code: 'busy' },
      ...(named && { id: 'm', model: 'n' }),
    })),
  ),
};

/** Changes one place of a body, found by a walk that the numbers decide. */
interface Change {
  readonly walk: readonly number[];
  readonly how:
    | 'remove'
    | 'null'
    | 'nest'
    | 'list'
    | 'rename'
    | 'add'
    | 'error'
    | 'errors'
    | 'text'
    | 'empty'
    | 'double';
}

const change: fc.Arbitrary<Change> = fc.record({
  walk: fc.array(fc.nat(9), { minLength: 1, maxLength: 5 }),
  how: fc.constantFrom(
    'remove',
    'null',
    'nest',
    'list',
    'rename',
    'add',
    'error',
    'errors',
    'text',
    'empty',
    'double',
  ),
});

function changed(value: unknown, { walk, how }: Change): unknown {
  const [step = 0, ...rest] = walk;
  const keys = typeof value === 'object' && value !== null ? Object.keys(value) : [];
  const key = keys[step % Math.max(1, keys.length)];
  if (key === undefined) return value;
  const inner = (value as Json)[key];
  const isEnd = rest.length === 0 || typeof inner !== 'object' || inner === null;
  const entries = Object.entries(value as Json).flatMap(([name, each]): [string, unknown][] =>
    name === key
      ? isEnd
        ? replaced(name, each, how)
        : [[name, changed(each, { walk: rest, how })]]
      : [[name, each]],
  );
  return Array.isArray(value) ? entries.map(([, each]) => each) : Object.fromEntries(entries);
}

function replaced(name: string, value: unknown, how: Change['how']): [string, unknown][] {
  switch (how) {
    case 'remove':
      return [];
    case 'null':
      return [[name, null]];
    case 'nest':
      return [[name, { wrapped: value }]];
    case 'list':
      return [[name, [value]]];
    case 'rename':
      return [[`${name}_old`, value]];
    case 'add':
      return [
        [name, value],
        ['extra', { said: token() }],
      ];
    case 'error':
      return [
        [name, value],
        ['error', { code: 'busy', message: token() }],
      ];
    case 'errors':
      return [
        [name, value],
        ['errors', [{ message: token() }]],
      ];
    case 'text':
      return [[name, token()]];
    case 'empty':
      return [[name, Array.isArray(value) ? [] : {}]];
    case 'double':
      return [[name, Array.isArray(value) ? [...value, ...(value as unknown[])] : value]];
  }
}

const NO_CODES = { retriable: [], permanent: [], halting: [] };

/** What `compact` leaves out by name, at the top of a body and of the one message it shows. */
const LEFT_OUT = /"(?:id|object|created|system_fingerprint|service_tier|created_at)":"token_\d+_"/g;

const asked = fc.constantFrom(ONE_INPUT, { inputs: 1 }, { inputs: 2 }, { inputs: 3 });

describe.each(Object.keys(DEFINITIONS))('%s', (path) => {
  const rules = { endpoint: endpointAt(path), codes: NO_CODES, round: 1, resultShape: 'compact' } as const;
  const given = BODIES[path] ?? fc.constant({});

  test('a row is ok exactly when its body is an answer, and then no word of it is lost', () => {
    fc.assert(
      fc.property(given, fc.array(change, { maxLength: 3 }), asked, (whole, changes, request) => {
        const body = changes.reduce<unknown>(changed, whole);
        const wire = { custom_id: 'q1', response: { status_code: 200, body }, error: null };

        const verdict = classifyLine(wire, rules, request);

        const isAnswer =
          isObject(body) && !carriesError(path, body) && DEFINITIONS[path]?.(body, request) === true;
        expect({ ok: verdict.kind === 'ok', body }).toEqual({ ok: isAnswer, body });
        const said =
          JSON.stringify(body)
            .replaceAll(LEFT_OUT, '')
            .match(/token_\d+_/g) ?? [];
        if (verdict.kind === 'ok') {
          const line = jsonLine(renderResult({ ...rules, customId: 'q1', body, shown: verdict.shown }));
          expect(said.filter((each) => !line.includes(each))).toEqual([]);
          // Of a body that is only an error, what stands beside its words is left out.
        } else if (path !== UNKNOWN) {
          const line = JSON.stringify(verdict);
          expect(said.filter((each) => !line.includes(each))).toEqual([]);
        }
      }),
      { numRuns: 1_500 },
    );
  });

  test('the fast path makes the same line, or none', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(given, fc.array(change, { maxLength: 1 })), { maxLength: 6 }),
        asked,
        (all, request) => {
          const reader = new FastLines(rules);
          for (const [whole, changes] of [...all, ...all]) {
            const body = changes.reduce<unknown>(changed, whole);
            const wire = { custom_id: 'q1', response: { status_code: 200, body }, error: null };
            const verdict = classifyLine(wire, rules, request);
            const line = Buffer.from(JSON.stringify(wire));
            const { verdict: read } = reader.read({ bytes: line, isUtf8: true }, () => request);
            const expected =
              verdict.kind === 'ok' &&
              jsonLine(renderResult({ ...rules, customId: 'q1', body, shown: verdict.shown }));
            expect(read?.kind).toBe(verdict.kind);
            if (read !== undefined && 'render' in read)
              expect(read.render().line.toString('utf8')).toBe(expected);
          }
        },
      ),
      { numRuns: 400 },
    );
  });
});
