import { isExactNumber } from '../exact-json.ts';
import type { Batch, BatchCounts, BatchError, ProviderFile } from './batch-provider.ts';
import type { Dialect } from './dialects/schema.ts';
import { linesInTexts } from './lines-in-text.ts';
import { readStatusWord } from './status-words.ts';

/**
 * Reads providers' objects leniently. Providers omit fields, send null for "not yet", numbers as strings and times as ISO
 * strings; none of that may fail a healthy batch. Only an answer without an id is rejected.
 */

export type Wire = Readonly<Record<string, unknown>>;

export function asWire(value: unknown): Wire | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return isExactNumber(value) ? undefined : (value as Wire);
}

/** Fields in which gateways wrap an object. */
const WRAPPERS = ['job', 'batch', 'data', 'result', 'response'];

/** Most wrappers around an object. */
const MAX_WRAPPERS = 3;

/** The object with an id in an answer: bare, in one or more wrappers, or as the only element of a list. */
function unwrap(value: unknown): Wire | undefined {
  let inner: unknown = value;
  for (let level = 0; level <= MAX_WRAPPERS; level += 1) {
    if (Array.isArray(inner) && inner.length === 1) inner = inner[0] as unknown;
    const wire = asWire(inner);
    const wrapper = WRAPPERS.find((name) => wire !== undefined && isWrapped(wire[name]));
    if (wire === undefined || text(wire['id']) !== undefined || wrapper === undefined) return wire;
    inner = wire[wrapper];
  }
  return undefined;
}

const isWrapped = (value: unknown): boolean =>
  asWire(value) !== undefined || (Array.isArray(value) && value.length === 1);

/** A batch object, bare or wrapped; `undefined` for anything else. */
export function readBatch(value: unknown, dialect: Dialect): Batch | undefined {
  const wire = unwrap(value);
  const id = text(wire?.['id']);
  const status = text(wire?.['status']);
  if (wire === undefined || id === undefined || status === undefined) return undefined;
  const outputFileId = text(wire['output_file_id']);
  const errorFileId = text(wire['error_file_id']);
  const counts = readCounts(wire['request_counts'], dialect);
  const errors = readErrors(wire['errors']);
  const isCounted =
    counts !== undefined && counts.total > 0 && counts.succeeded + counts.failed === counts.total;
  const hasEnd = (outputFileId ?? errorFileId) !== undefined || errors.length > 0;
  const means = readStatusWord(status, dialect, { hasEnd, isCounted });
  const ending = means === 'running' || means === 'unknown' ? undefined : means;
  return {
    id,
    status,
    ...(means === 'unknown' && { isUnknown: true }),
    phase: ending === undefined ? 'running' : 'ended',
    ending,
    inputFileId: text(wire['input_file_id']),
    outputFileId,
    errorFileId,
    counts,
    errors,
    metadata: readMetadata(wire['metadata']),
    createdAt: seconds(wire['created_at']),
    expiresAt: seconds(wire['expires_at']),
  };
}

/** A file object, bare or wrapped. */
export function readFile(value: unknown): ProviderFile | undefined {
  const wire = unwrap(value);
  const id = text(wire?.['id']);
  if (wire === undefined || id === undefined) return undefined;
  const status = text(wire['status'])?.toLowerCase();
  return {
    id,
    name: text(wire['filename']) ?? '',
    bytes: count(wire['bytes']),
    ...(status === undefined ? {} : { status }),
  };
}

export interface Page {
  readonly items: readonly unknown[];
  /** `unknown`: the page does not report it. */
  readonly more: boolean | 'unknown';
}

/** One page of a list: `{data, has_more}`, the same wrapped in `data`, or a bare array. */
export function readListPage(value: unknown): Page | undefined {
  if (Array.isArray(value)) return { items: value, more: 'unknown' };
  const outer = asWire(value);
  const wire = asWire(outer?.['data']) ?? outer;
  const items = wire?.['data'];
  if (!Array.isArray(items)) return undefined;
  const more = wire?.['has_more'];
  return { items, more: typeof more === 'boolean' ? more : 'unknown' };
}

/**
 * Reads the counters of a batch. Ignores impossible ones (negative, or more done than the total), because counters are for
 * display only.
 */
function readCounts(value: unknown, { counters }: Dialect): BatchCounts | undefined {
  const wire = asWire(value);
  if (wire === undefined || typeof counters === 'string') return undefined;
  const succeeded = count(wire[counters.succeeded]);
  const failed = count(wire[counters.failed]) ?? 0;
  const total = counters.total === undefined ? sumOf(wire) : count(wire[counters.total]);
  if (succeeded === undefined || total === undefined || succeeded + failed > total) return undefined;
  return { total, succeeded, failed };
}

function sumOf(wire: Wire): number {
  return Object.values(wire).reduce<number>((sum, value) => sum + (count(value) ?? 0), 0);
}

/** Reads why a batch failed: a list of errors or texts, bare or in `data`; a single one; or a text with one error per line. */
function readErrors(value: unknown): BatchError[] {
  const errors = listErrors(value);
  const named = linesInTexts(errors.map(({ message }) => message));
  return errors.flatMap((error, at) => {
    const [line, ...others] = error.line === undefined ? (named[at] ?? []) : [error.line];
    return [line, ...others].map((each) => ({ ...error, line: each }));
  });
}

function listErrors(value: unknown): BatchError[] {
  const wire = asWire(value);
  const list = Array.isArray(value) ? value : (wire?.['data'] ?? (text(wire?.['message']) && [wire]));
  if (Array.isArray(list)) return list.flatMap((entry) => readErrorEntry(entry) ?? []);
  if (typeof value !== 'string') return [];
  const words = value.split(/\r?\n/).filter((line) => line.trim() !== '');
  // If not every line names a line of the file, the lines are one message, such as a stack trace.
  const isList = words.length > 1 && linesInTexts(words).every((lines) => lines.length > 0);
  return (isList ? words : [value]).flatMap((entry) => readErrorEntry(entry) ?? []);
}

function readErrorEntry(entry: unknown): BatchError | undefined {
  if (typeof entry === 'string' && entry !== '')
    return { code: 'batch_failed', message: entry, line: undefined };
  const wire = asWire(entry);
  if (wire === undefined) return undefined;
  const customId = text(wire['custom_id']);
  return {
    code: text(wire['code']) ?? 'batch_failed',
    message: text(wire['message']) ?? 'no message',
    line: count(wire['line']) ?? count(wire['line_number']),
    ...(customId !== undefined && { customId }),
  };
}

function readMetadata(value: unknown): Readonly<Record<string, string>> {
  const entries = Object.entries(asWire(value) ?? {});
  return Object.fromEntries(
    entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}

/** A non-empty string, or a number as a string. */
function text(value: unknown): string | undefined {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** A non-negative integer, also as a string. */
function count(value: unknown): number | undefined {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) && number >= 0 ? number : undefined;
}

/** Seconds since 1970, from a number or an ISO 8601 string. */
function seconds(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? Math.floor(value) : undefined;
  if (typeof value !== 'string') return undefined;
  const milliseconds = Date.parse(value);
  return Number.isNaN(milliseconds) ? count(value) : Math.floor(milliseconds / 1_000);
}
