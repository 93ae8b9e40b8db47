import { frameLines } from '../src/jsonl/lines.ts';
import type { Dialect } from '../src/provider/dialects/schema.ts';
import { createUniqueIds, type UniqueIds } from '../src/rows/ids/unique-ids.ts';
import type { ValidationError } from './batches.ts';
import { requestTokens } from './enqueued-tokens.ts';
import type { FaultScript } from './fault-script.ts';

const MAX_LINE_BYTES = 512 * 1_048_576;

export interface Validated {
  readonly requests: number;
  readonly errors: readonly ValidationError[];
  /** The model of the first request. */
  readonly model: string | undefined;
  /** Input tokens of all requests. */
  readonly tokens: number;
}

/** Checks every line of a batch's file as OpenAI does: reports all invalid lines, and a single one fails the batch. */
export async function validateRequests(
  content: AsyncIterable<Uint8Array>,
  endpoint: string,
  { adapter, limits }: Pick<Dialect, 'adapter' | 'limits'>,
  script: FaultScript,
): Promise<Validated> {
  const rules: LineRules = {
    endpoint,
    limits,
    bare: adapter === 'mistral' || adapter === 'together',
    models: new Set(),
  };
  // Keeps hashes and not ids, because many files may be checked at the same time.
  const ids = createUniqueIds(1);
  const errors: ValidationError[] = [];
  let requests = 0;
  let tokens = 0;
  for await (const lines of frameLines(content, MAX_LINE_BYTES)) {
    for (const { number, bytes } of lines) {
      requests += 1;
      const text = bytes?.toString('utf8') ?? '';
      const line = parseObject(text);
      const problem = checkLine(line, rules, ids);
      if (problem !== undefined) errors.push({ line: number, ...problem });
      tokens += requestTokens((line?.['body'] ?? {}) as Record<string, unknown>);
      const poison = script.poisonOf(String(line?.['custom_id']), requests - 1);
      if (poison !== undefined) errors.push({ ...poison, line: null, param: null });
    }
  }
  if (limits.requests !== 'unknown' && requests > limits.requests) {
    const message = `The file has ${requests} requests, more than ${limits.requests}.`;
    errors.push({ code: 'too_many_tasks', message, line: null, param: null });
  }
  if (requests === 0) {
    errors.push({ code: 'empty_file', message: 'The file has no requests.', line: null, param: null });
  }
  const [model] = rules.models;
  return { requests, errors, model, tokens };
}

type LineProblem = Omit<ValidationError, 'line'>;

interface LineRules {
  readonly endpoint: string;
  /** True if the endpoint is named only by the batch. */
  readonly bare: boolean;
  readonly limits: Dialect['limits'];
  /** Requested models. */
  readonly models: Set<string>;
}

function checkLine(
  line: Record<string, unknown> | undefined,
  { endpoint, limits, bare, models }: LineRules,
  ids: UniqueIds,
): LineProblem | undefined {
  if (line === undefined) return problem('invalid_json_line', 'This line is not parseable as valid JSON.');
  const { custom_id, method, url, body } = line;
  for (const field of bare ? ['custom_id', 'body'] : ['custom_id', 'method', 'url', 'body']) {
    if (line[field] === undefined)
      return problem('missing_required_parameter', `Missing: '${field}'.`, field);
  }
  if (typeof custom_id !== 'string')
    return problem('invalid_request', 'custom_id must be a string.', 'custom_id');
  if (!ids.add(custom_id))
    return problem('duplicate_custom_id', 'This custom_id was used before.', 'custom_id');
  if (limits.customIdLength !== 'unknown' && custom_id.length > limits.customIdLength)
    return problem('invalid_request', 'The custom_id is too long.', 'custom_id');
  if (limits.customIdCharacters === 'ascii' && !/^[\x20-\x7e]*$/.test(custom_id))
    return problem('invalid_request', 'The custom_id is not ASCII.', 'custom_id');
  if (limits.customIdCharacters === 'word' && !/^[\w-]*$/.test(custom_id))
    return problem('invalid_request', 'The custom_id has other characters.', 'custom_id');
  if (bare && (method ?? url) !== undefined)
    return problem('invalid_request', 'A line has custom_id and body.', 'url');
  if (!bare && method !== 'POST') return problem('invalid_method', 'method must be POST.', 'method');
  if (!bare && url !== endpoint) return problem('invalid_url', `url must be ${endpoint}.`, 'url');
  const wrong = checkBody(body, endpoint);
  models.add(String((body as Record<string, unknown>)['model']));
  return wrong ?? (limits.oneModel === true && models.size > 1 ? OTHER_MODEL : undefined);
}

const OTHER_MODEL: LineProblem = {
  code: 'model_mismatch',
  message: 'All requests of a file must ask the same model.',
  param: 'body.model',
};

function checkBody(body: unknown, endpoint: string): LineProblem | undefined {
  if (typeof body !== 'object' || body === null)
    return problem('invalid_request', 'body must be an object.', 'body');
  const fields = body as Readonly<Record<string, unknown>>;
  if (typeof fields['model'] !== 'string') return missing('model');
  if (fields['stream'] === true)
    return problem('streaming_unsupported', 'Batches cannot stream.', 'body.stream');
  const needed = NEEDED.find(([path]) => path.test(endpoint))?.[1] ?? [];
  const absent = needed.find((name) => fields[name] === undefined);
  if (absent !== undefined) return missing(absent);
  if (needed.includes('messages') && !Array.isArray(fields['messages'])) return missing('messages');
  return undefined;
}

/** Required fields of a request, by endpoint. */
const NEEDED: readonly (readonly [path: RegExp, fields: readonly string[]])[] = [
  [/\/chat\/completions$/, ['messages']],
  [/\/(embeddings|responses|audio\/speech)$/, ['input']],
  [/\/(completions|images\/generations)$/, ['prompt']],
  [/\/rerank$/, ['query', 'documents']],
];

function missing(name: string): LineProblem {
  return problem('missing_required_parameter', `Missing: '${name}'.`, `body.${name}`);
}

function problem(code: string, message: string, param: string | null = null): LineProblem {
  return { code, message, param };
}

export function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
