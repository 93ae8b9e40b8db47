import type { IncomingHttpHeaders } from 'node:http';
import { ProviderUnavailable } from '../../errors.ts';

/** The file was replaced during its download, so the earlier bytes are useless. */
export class FileChanged extends ProviderUnavailable {}

/** The facts about the whole file that the answers so far report. */
export interface KnownFile {
  /** In bytes as transferred. */
  readonly length?: number | undefined;
  /** The file's ETag, otherwise its `Last-Modified`. A different value means different content. */
  readonly mark?: string | undefined;
}

/** Number of bytes of a file that were read, with the known facts about the file. */
export interface FilePosition extends KnownFile {
  readonly bytes: number;
}

/** The part of a file that an answer brings. */
export interface FilePart extends KnownFile {
  readonly start: number;
  /** Position after the last byte of this part; the download may continue there. */
  readonly end?: number | undefined;
}

type Headers = IncomingHttpHeaders;

/** Status and headers of an answer from any client. */
interface AnswerHead {
  readonly statusCode: number;
  readonly headers: Headers;
}

/** Headers that request the rest of a file, if it is still the same file. */
export function rangeHeaders({ bytes, mark }: FilePosition): Readonly<Record<string, string>> {
  return {
    range: `bytes=${bytes}-`,
    // A weak ETag does not guarantee the same bytes, and is not allowed here.
    ...(mark !== undefined && !mark.startsWith('W/') && { 'if-range': mark }),
  };
}

/** The part that the answer to a request without a range brings; undefined if it is not a whole file. */
export function wholeFile({ statusCode, headers }: AnswerHead): FilePart | undefined {
  if (statusCode !== 200) return undefined;
  const length = lengthOf(headers);
  return { start: 0, end: length, length, mark: markOf(headers) };
}

/** The part that the answer to {@link rangeHeaders} brings; undefined if these may be other bytes than the requested ones. */
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

/** True if two answers describe different contents, by the fields that both have. */
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

/** The text of a header. A header that occurs twice is a list at runtime, despite its type, and counts as missing. */
function textOf(header: string | readonly string[] | undefined): string {
  return typeof header === 'string' ? header.trim() : '';
}
