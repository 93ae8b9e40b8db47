import type { OkLine } from '../job.ts';
import { asWire, type Wire } from '../provider/wire.ts';

/** Fields of a body that a result line shows in its own way; every other one is kept under `body`. */
const ENVELOPE = new Set([
  'id',
  'object',
  'created',
  'model',
  'choices',
  'data',
  'usage',
  'system_fingerprint',
  'service_tier',
]);

/** Fields of a choice and its message that `text` and `finish_reason` say in full. */
const PLAIN_CHOICE = new Set(['index', 'message', 'finish_reason', 'logprobs']);
const PLAIN_MESSAGE = new Set(['role', 'content']);

export interface Answer {
  readonly customId: string;
  readonly body: unknown;
  readonly round: number;
  readonly endpoint: string;
  readonly resultShape: 'compact' | 'body';
  /** Whether the request's `input` was an array: then one vector per input is shown, also if there is one only. */
  readonly manyInputs: boolean;
}

/**
 * The result line of an answered row: text for chat, vectors for embeddings, the body for everything else. Fields the
 * line does not show are kept in `body`; so are the choices when they hold more than one plain text.
 */
export function renderResult(answer: Answer): OkLine {
  return { custom_id: answer.customId, ok: true, ...show(answer), round: answer.round };
}

function show({ body, resultShape, endpoint, manyInputs }: Answer): Shown {
  const wire = asWire(body);
  if (wire === undefined || resultShape === 'body') return { body };
  if (endpoint.endsWith('/chat/completions')) return chat(wire);
  if (endpoint.endsWith('/embeddings')) return embeddings(wire, manyInputs);
  return { body };
}

type Shown = Omit<OkLine, 'custom_id' | 'ok' | 'round'>;

function chat(body: Wire): Shown {
  const choices = Array.isArray(body['choices']) ? (body['choices'] as unknown[]) : [];
  const choice = asWire(choices[0]);
  const message = asWire(choice?.['message']);
  const content = message?.['content'];
  if (choice === undefined || (content !== null && typeof content !== 'string')) return { body };
  const plain =
    choices.length === 1 && isPlain(choice, PLAIN_CHOICE) && isPlain(message ?? {}, PLAIN_MESSAGE);
  const finish = choice['finish_reason'];
  return {
    text: content,
    finish_reason: typeof finish === 'string' ? finish : null,
    ...common(body, plain ? {} : { choices }),
  };
}

function embeddings(body: Wire, manyInputs: boolean): Shown {
  const data = Array.isArray(body['data']) ? (body['data'] as unknown[]).map(asWire) : [];
  const vectors = data
    .filter((entry) => entry !== undefined)
    .toSorted((a, b) => Number(a['index'] ?? 0) - Number(b['index'] ?? 0))
    .map((entry) => entry['embedding']);
  if (vectors.length === 0 || vectors.includes(undefined)) return { body };
  const shown = manyInputs || vectors.length > 1 ? { embeddings: vectors } : { embedding: vectors[0] };
  return { ...shown, ...common(body, {}) };
}

/** Model, usage, and under `body` whatever would otherwise be lost. */
function common(body: Wire, kept: Wire): Shown {
  const others = Object.entries(body).filter(([name]) => !ENVELOPE.has(name));
  const rest = { ...kept, ...Object.fromEntries(others) };
  return {
    ...(typeof body['model'] === 'string' && { model: body['model'] }),
    ...(body['usage'] !== undefined && body['usage'] !== null && { usage: body['usage'] }),
    ...(Object.keys(rest).length > 0 && { body: rest }),
  };
}

/** Whether an object says nothing beside these fields; a null says nothing. */
function isPlain(wire: Wire, fields: ReadonlySet<string>): boolean {
  const others = Object.entries(wire).filter(([name, value]) => value !== null && !fields.has(name));
  return others.length === 0 && (wire['logprobs'] ?? null) === null;
}
