import { Busboy } from '@fastify/busboy';
import { createWriteStream, openSync, readSync, closeSync, statSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { parseObject } from './validate.ts';

export interface Upload {
  readonly name: string;
  readonly purpose: string;
  /** Seconds after which the file expires, in either spelling of the field. */
  readonly expiresAfter: { readonly brackets?: number; readonly dots?: number };
  readonly bytes: number;
  /** Set if the file exceeds the limit; the stored file is truncated at the limit. */
  readonly tooLarge: boolean;
}

/** Streams a multipart upload to a file on disk. Fails if the body is not multipart/form-data. */
export async function receiveUpload(
  request: IncomingMessage,
  path: string,
  maxBytes: number,
): Promise<Upload> {
  const fields = new Map<string, string>();
  let name = '';
  let tooLarge = false;
  const written: Promise<void>[] = [];
  const busboy = new Busboy({
    headers: { ...request.headers, 'content-type': request.headers['content-type'] ?? '' },
    limits: { fileSize: maxBytes },
  });
  busboy.on('field', (field, value) => fields.set(field, value));
  busboy.on('file', (_field, stream, filename) => {
    name = filename;
    stream.on('limit', () => (tooLarge = true));
    written.push(pipeline(stream, createWriteStream(path)));
  });
  await pipeline(request, busboy);
  await Promise.all(written);
  const bytes = written.length === 0 ? 0 : statSync(path).size;
  const expiresAfter = {
    ...secondsIn(fields, 'brackets', 'expires_after[seconds]'),
    ...secondsIn(fields, 'dots', 'expires_after.seconds'),
  };
  return { name, purpose: fields.get('purpose') ?? '', expiresAfter, bytes, tooLarge };
}

function secondsIn(
  fields: ReadonlyMap<string, string>,
  spelling: 'brackets' | 'dots',
  field: string,
): Upload['expiresAfter'] {
  const value = fields.get(field);
  return value === undefined ? {} : { [spelling]: Number(value) };
}

/** True if the file's first line is a JSON object, judged by its first megabyte. */
export function startsAsJsonLines(path: string): boolean {
  const file = openSync(path, 'r');
  const start = Buffer.alloc(1_048_576);
  const read = readSync(file, start);
  closeSync(file);
  const end = start.subarray(0, read).indexOf(0x0a);
  if (end === -1 && read === start.length) return true;
  return parseObject(start.toString('utf8', 0, end === -1 ? read : end)) !== undefined;
}
