import { createHash } from 'node:crypto';
import { answerOf } from './json-answers.ts';
import { completion, images, ranking, speech } from './other-answers.ts';

/** The parts of a request line. */
export interface SimulatedRequest {
  readonly custom_id: string;
  readonly url: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/**
 * The failure that a row requests by a marker in its custom_id or prompt: `[fail:CODE]` always, `[flaky:CODE]` the first time.
 */
export function markedFailure(request: SimulatedRequest, nth: number): string | undefined {
  const text = `${request.custom_id} ${promptOf(request)}`;
  const match = /\[(fail|flaky):([\w.-]{1,64})\]/.exec(text);
  if (match === null || (match[1] === 'flaky' && nth > 1)) return undefined;
  return match[2];
}

/** Markers by which a row requests a bad answer: `[truncate]`, `[refuse]`, `[malformed]`; with `-once`, the first time only. */
export type Amiss = 'truncate' | 'refuse' | 'malformed';

function markedAmiss(request: SimulatedRequest, nth: number): Amiss | undefined {
  const text = `${request.custom_id} ${promptOf(request)}`;
  const match = /\[(truncate|refuse|malformed)(-once)?\]/.exec(text);
  if (match === null || (match[2] !== undefined && nth > 1)) return undefined;
  return match[1] as Amiss;
}

export function isUnknownModel(model: unknown): boolean {
  return typeof model === 'string' && model.startsWith('unknown-');
}

export interface Answering {
  readonly seed: number;
  /** How often the row was sent, including this time. */
  readonly nth: number;
  /** True if answers report their cost, which only Melious does. */
  readonly tellsCosts: boolean;
}

/** The body of a simulated answer. It depends only on the seed and the request, not on the id. */
export function answerBody(
  request: SimulatedRequest,
  { seed, nth, tellsCosts }: Answering,
): Record<string, unknown> {
  const hash = createHash('sha256')
    .update(JSON.stringify([seed, request.body]))
    .digest();
  const asked = request.body['model'];
  const model = typeof asked === 'string' ? asked.replace(/:batch$/, '') : null;
  const shared = { model, ...(tellsCosts && costOf(hash)) };
  return { ...answerAt(request, hash, markedAmiss(request, nth)), ...shared };
}

function answerAt(
  request: SimulatedRequest,
  hash: Buffer,
  amiss: Amiss | undefined,
): Readonly<Record<string, unknown>> {
  const { url, body } = request;
  if (url.endsWith('/embeddings')) return embeddings(request, hash);
  if (url.endsWith('/responses')) return response(request, hash, amiss);
  if (url.endsWith('/images/generations')) return images(body, hash);
  if (url.endsWith('/audio/speech')) return speech(hash);
  if (url.endsWith('/rerank')) return ranking(body, hash);
  if (/\/v\d+\/completions$/.test(url)) return completion(body, hash, (prompt) => answerText(prompt, hash));
  return chatCompletion(request, hash, amiss);
}

function chatCompletion(
  request: SimulatedRequest,
  hash: Buffer,
  amiss: Amiss | undefined,
): Record<string, unknown> {
  const prompt = promptOf(request);
  const content = answerTo(request, hash, amiss);
  const refusal = amiss === 'refuse' ? REFUSAL : null;
  const promptTokens = tokens(prompt);
  const completionTokens = tokens(content);
  return {
    id: `chatcmpl-${hash.toString('hex', 0, 8)}`,
    object: 'chat.completion',
    created: 1_790_000_000,
    choices: [
      {
        index: 0,
        message:
          refusal === null ? { role: 'assistant', content } : { role: 'assistant', content: null, refusal },
        logprobs: null,
        finish_reason: amiss === 'truncate' ? 'length' : 'stop',
      },
    ],
    usage: {
      prompt_tokens: promptTokens,
      completion_tokens: completionTokens,
      total_tokens: promptTokens + completionTokens,
    },
  };
}

/** An answer of OpenAI's Responses API. */
function response(
  request: SimulatedRequest,
  hash: Buffer,
  amiss: Amiss | undefined,
): Record<string, unknown> {
  const prompt = promptOf(request);
  const text = answerTo(request, hash, amiss);
  const part =
    amiss === 'refuse'
      ? { type: 'refusal', refusal: REFUSAL }
      : { type: 'output_text', text, annotations: [] };
  const cut = amiss === 'truncate';
  const id = hash.toString('hex', 0, 8);
  const [inputTokens, outputTokens] = [tokens(prompt), tokens(text)];
  return {
    id: `resp_${id}`,
    object: 'response',
    created_at: 1_790_000_000,
    status: cut ? 'incomplete' : 'completed',
    error: null,
    incomplete_details: cut ? { reason: 'max_output_tokens' } : null,
    output: [
      {
        type: 'message',
        id: `msg_${id}`,
        status: 'completed',
        role: 'assistant',
        content: [part],
      },
    ],
    usage: {
      input_tokens: inputTokens,
      input_tokens_details: { cached_tokens: 0 },
      output_tokens: outputTokens,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: inputTokens + outputTokens,
    },
  };
}

const HANSE = [
  'Its merchants tied Novgorod’s furs to Bruges’ cloth and made the Baltic one market.',
  'Its harbour was where salt from Lüneburg met herring from Scania, and both fed half of Europe.',
  'Its law was copied by a hundred towns, so a contract made there held from London to Riga.',
  'Its cog builders made ships large enough that grain could travel further than armies.',
  'Its council hosted the Diets at which the towns agreed on tolls, wars and weights.',
  'Its warehouses stored the beeswax that lit the cathedrals of the West.',
  'Its Kontor taught generations of clerks to keep books that strangers could trust.',
  'Its fleet broke a king’s blockade and won free passage through the Sound.',
];

const REFUSAL = 'I cannot help with that.';

/** The text of an answer: JSON if there is a schema. */
function answerTo(request: SimulatedRequest, hash: Buffer, amiss: Amiss | undefined): string {
  const prompt = promptOf(request);
  const schema = schemaOf(request);
  const asked = schema !== undefined && !prompt.startsWith('echo:');
  const text = asked ? JSON.stringify(answerOf(schema, hash)) : answerText(prompt, hash);
  if (amiss === 'malformed') return malformed(text, schema);
  return amiss === 'truncate' ? text.slice(0, Math.floor(text.length / 2)) : text;
}

/** A value that does not match the schema: a string if the schema allows none, otherwise invalid JSON. */
function malformed(text: string, schema: unknown): string {
  const { type = 'string' } = (schema ?? {}) as { readonly type?: string | readonly string[] };
  const isStringAllowed = [type].flat().includes('string');
  return isStringAllowed ? `{"malformed": ${text}` : JSON.stringify(`malformed: ${text}`);
}

/** The schema of chat's `response_format`, or of a response's `text.format`. */
function schemaOf({ body: { response_format, text } }: SimulatedRequest): unknown {
  const chat = response_format as { json_schema?: { schema?: unknown } } | null | undefined;
  const response = text as { format?: { schema?: unknown } } | null | undefined;
  return chat?.json_schema?.schema ?? response?.format?.schema;
}

function answerText(prompt: string, hash: Buffer): string {
  if (prompt.startsWith('echo:')) return prompt.slice('echo:'.length);
  if (/Hanseatic city #\d+/.test(prompt)) return HANSE[(hash[0] ?? 0) % HANSE.length] ?? '';
  return `A short answer to “${prompt.trim().split(/\s+/).slice(0, 8).join(' ')}”.`;
}

/** The text of the last message, or of another kind of input. */
function promptOf({ body: { messages, input, prompt, query } }: SimulatedRequest): string {
  const asked = prompt ?? query;
  if (typeof asked === 'string') return asked;
  if (typeof input === 'string') return input;
  const turns = Array.isArray(messages) ? messages : Array.isArray(input) ? input : [];
  return textOf((turns.at(-1) as { content?: unknown } | undefined)?.content);
}

/** The text of a content, or of its parts. */
function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content.map((part: { text?: unknown }) => (typeof part.text === 'string' ? part.text : '')).join('');
}

const DEFAULT_DIMENSIONS = 8;

function embeddings({ body }: SimulatedRequest, hash: Buffer): Record<string, unknown> {
  const inputs = Array.isArray(body['input']) ? (body['input'] as unknown[]) : [body['input']];
  const dimensions = typeof body['dimensions'] === 'number' ? body['dimensions'] : DEFAULT_DIMENSIONS;
  const data = inputs.map((_, index) => {
    const vector = floats(hash, index, dimensions);
    const embedding = body['encoding_format'] === 'base64' ? asBase64(vector) : vector;
    return { object: 'embedding', index, embedding };
  });
  const promptTokens = tokens(JSON.stringify(body['input'] ?? ''));
  return { object: 'list', data, usage: { prompt_tokens: promptTokens, total_tokens: promptTokens } };
}

function floats(hash: Buffer, index: number, dimensions: number): number[] {
  return Array.from({ length: dimensions }, (_, n) => {
    const byte = hash[(n * 7 + index * 3) % hash.length] ?? 0;
    return Number((((byte + n + index) % 256) / 128 - 1).toFixed(6));
  });
}

function asBase64(vector: readonly number[]): string {
  return Buffer.from(Float32Array.from(vector).buffer).toString('base64');
}

function tokens(text: string): number {
  return Math.max(1, Math.ceil(text.length / 4));
}

function costOf(hash: Buffer): Record<string, unknown> {
  return {
    environment_impact: {
      energy_kwh: 0.00001,
      carbon_g_co2: 0.002,
      renewable_percent: 90,
      provider_id: 'simulator',
    },
    billing_cost: { energy: `0.000${1 + ((hash[1] ?? 0) % 9)}`, credits: '0.0', paid_with: 'energy' },
  };
}
