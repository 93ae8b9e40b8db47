import type { IncomingHttpHeaders } from 'node:http';
import { ProviderUnavailable } from '../../errors.ts';

/** A file that another one has taken the place of while it was downloaded: what came of it before is of no use. */
export class FileChanged extends ProviderUnavailable {}

/** What the answers so far say of a file as a whole. */
export interface KnownFile {
  /** In bytes, as they are sent. */
  readonly length?: number | undefined;
  /** Its ETag, else its `Last-Modified`: another one is another content. */
  readonly mark?: string | undefined;
}

/** How far a file has come, and what is known of it. */
export interface FilePosition extends KnownFile {
  readonly bytes: number;
}

/** What an answer brings of a file. */
export interface FilePart extends KnownFile {
  readonly start: number;
  /** Behind the last byte that the answer says it brings; the file may go on there. */
  readonly end?: number | undefined;
}

type Headers = IncomingHttpHeaders;

/** Status and headers of an answer, whichever client read it. */
interface AnswerHead {
  readonly statusCode: number;
  readonly headers: Headers;
}

/** Asks for the rest of a file, as long as it is the same one. */
export function rangeHeaders({ bytes, mark }: FilePosition): Readonly<Record<string, string>> {
  return {
    range: `bytes=${bytes}-`,
    // A weak ETag does not promise the same bytes, and must not be sent here.
    ...(mark !== undefined && !mark.startsWith('W/') && { 'if-range': mark }),
  };
}

/** What the answer to a request without a range brings; undefined when that is no whole file. */
export function wholeFile({ statusCode, headers }: AnswerHead): FilePart | undefined {
  if (statusCode !== 200) return undefined;
  const length = lengthOf(headers);
  return { start: 0, end: length, length, mark: markOf(headers) };
}

/** What the answer to {@link rangeHeaders} brings; undefined when it is not clear that those are the bytes that were asked for. */
export function restOfFile({ statusCode, headers }: AnswerHead, at: FilePosition): FilePart | undefined {
  const range = /^bytes (\d+)-(\d+)\/(\d+|\*)$/i.exec(textOf(headers['content-range']));
  if (statusCode !== 206 || range === null) return undefined;
  const start = Number(range[1]);
  const end = Number(range[2]) + 1;
  const length = range[3] === '*' ? at.length : Number(range[3]);
  const mark = markOf(headers) ?? at.mark;
  const isRange = start === at.bytes && end > start && length !== undefined && end <= length;
  const bytes = lengthOf(headers);
  if (!isRange || (bytes !== undefined && bytes !== end - start)) return undefined;
  return isOther({ length, mark }, at) ? undefined : { start, end, length, mark };
}

/** Whether two answers are about different contents, by what both of them say. */
export function isOther(file: KnownFile, known: KnownFile): boolean {
  const differ = (a: number | string | undefined, b: typeof a): boolean =>
    a !== undefined && b !== undefined && a !== b;
  return differ(file.length, known.length) || differ(file.mark, known.mark);
}

function lengthOf(headers: Headers): number | undefined {
  const header = headers['content-length'];
  return header === undefined ? undefined : Number(header);
}

function markOf(headers: Headers): string | undefined {
  const mark = headers['etag'] ?? headers['last-modified'];
  return typeof mark === 'string' && mark !== '' ? mark : undefined;
}

/** A header that came twice is a list, whatever its type says, and is then no range. */
function textOf(header: string | readonly string[] | undefined): string {
  return typeof header === 'string' ? header.trim() : '';
}
