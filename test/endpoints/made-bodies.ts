import fc from 'fast-check';
import { SOUND, UNKNOWN, type Json } from './answer-definitions.ts';

/** A unique text, which the test can find in the result line. */
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

const block = fc.oneof(
  maybe.map((cited) => ({ type: 'text', text: token(), ...(cited && { citations: [{ title: token() }] }) })),
  fc.constant(null).map(() => ({ type: 'thinking', thinking: token(), signature: token() })),
  fc.constant(null).map(() => ({ type: 'tool_use', id: token(), name: token(), input: { place: token() } })),
);

/** An answer of Anthropic. */
const MESSAGE: fc.Arbitrary<Json> = fc.record({
  type: fc.constant('message'),
  role: fc.constant('assistant'),
  model: fc.constant('m'),
  content: list(block),
  stop_reason: fc.constantFrom('end_turn', 'max_tokens', 'tool_use', 'refusal'),
  stop_sequence: fc.constantFrom(null, 'END'),
  usage: fc.constant({ input_tokens: 3, output_tokens: 4, service_tier: 'batch' }),
});

/** A change of one place of a body. The numbers of `walk` choose the place. */
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

/** Fields that `compact` leaves out, at the top level of a body and of its one message. */
const LEFT_OUT = /"(?:id|object|created|system_fingerprint|service_tier|created_at)":"token_\d+_"/g;

/** Bodies that an endpoint returns, some with changed places. */
export function bodiesOf(path: string, maxChanges: number): fc.Arbitrary<unknown> {
  return withChanges(BODIES[path] ?? fc.constant({}), maxChanges);
}

/** Messages that Anthropic returns, some with changed places. */
export function messageBodies(maxChanges: number): fc.Arbitrary<unknown> {
  return withChanges(MESSAGE, maxChanges);
}

function withChanges(bodies: fc.Arbitrary<Json>, maxChanges: number): fc.Arbitrary<unknown> {
  return fc
    .tuple(bodies, fc.array(change, { maxLength: maxChanges }))
    .map(([whole, changes]) => changes.reduce<unknown>(changed, whole));
}

/** The texts of a body that a result line must contain. */
export function wordsOf(body: unknown): readonly string[] {
  return (
    JSON.stringify(body)
      .replaceAll(LEFT_OUT, '')
      .match(/token_\d+_/g) ?? []
  );
}
