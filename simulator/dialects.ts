import { builtInDialect, type DialectName } from '../src/provider/dialects/dialects.ts';
import type { Dialect } from '../src/provider/dialects/schema.ts';
import { messageError } from './anthropic.ts';
import { QUIRKS, type Quirks } from './quirks.ts';
import type { SimulatedFile } from './state.ts';

/** The provider that the simulator imitates: its dialect, and its quirks beyond the dialect. */
export interface Spoken {
  readonly dialect: Dialect;
  readonly quirks: Quirks;
}

export function speak(name: DialectName): Spoken {
  return { dialect: builtInDialect(name), quirks: QUIRKS[name] };
}

export type Wire = Record<string, unknown>;

/** A time as the dialect writes it: seconds since 1970, or ISO 8601. */
export function time(milliseconds: number | undefined, { dialect }: Spoken): unknown {
  if (milliseconds === undefined) return null;
  return dialect.fields.times === 'ISO 8601' ? new Date(milliseconds).toISOString() : seconds(milliseconds);
}

export function fileObject(file: SimulatedFile, spoken: Spoken): Wire {
  const { id, bytes, createdAt, name, purpose, expiresAt } = file;
  return {
    id,
    object: 'file',
    bytes,
    created_at: time(createdAt, spoken),
    filename: name,
    purpose,
    ...(expiresAt !== undefined && { expires_at: time(expiresAt, spoken) }),
    status: (file.looksUntilProcessed ?? 0) > 0 ? 'pending' : 'processed',
  };
}

/** The answer to an upload. */
export function uploadAnswer(file: SimulatedFile, spoken: Spoken): Wire {
  const object = fileObject(file, spoken);
  return spoken.quirks.uploads === 'bare' ? object : wrapped(object);
}

/** One page of a list. `after` is the last id of the previous page. */
export function listAnswer(
  items: readonly Wire[],
  {
    after_id,
    after = after_id,
    limit = '20',
    page = '0',
    page_size = '100',
  }: Readonly<Record<string, string>>,
  { quirks: { lists } }: Spoken,
): Wire | readonly Wire[] {
  if (lists === 'bare') return items;
  if (lists === 'numbered') {
    const start = Number(page) * Number(page_size);
    return { object: 'list', data: items.slice(start, start + Number(page_size)), total: items.length };
  }
  if (lists === 'whole') return { object: 'list', data: items };
  const from = after === undefined ? 0 : items.findIndex(({ id }) => id === after) + 1;
  const data = items.slice(from, from + Math.min(100, Math.max(1, Number(limit))));
  if (lists === 'wrapped') return wrapped({ data, object: 'list' });
  return {
    object: 'list',
    data,
    first_id: data[0]?.['id'] ?? null,
    last_id: data.at(-1)?.['id'] ?? null,
    has_more: from + data.length < items.length,
  };
}

function wrapped(data: Wire): Wire {
  return { code: 20_000, message: 'Ok', status: true, data };
}

/** An error answer, in the dialect's first envelope. */
export function errorBody(
  { dialect: { adapter, errors } }: Spoken,
  code: string | null,
  message: string,
): unknown {
  if (adapter === 'anthropic') return messageError(code ?? 'invalid_request_error', message);
  const [envelope = 'text'] = errors === 'unknown' ? [] : errors;
  switch (envelope) {
    case '{error: {code}}':
      return { error: { code, message } };
    case '{error: {type, code}}':
      return { error: { message, type: 'invalid_request_error', param: null, code } };
    case '{code, message}':
      return { code: 20_012, message, data: null };
    case '{detail}':
      return { detail: message };
    case 'text':
      return message;
  }
}

const seconds = (milliseconds: number): number => Math.floor(milliseconds / 1_000);
