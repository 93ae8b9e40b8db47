import { parseExact } from '../../../exact-json.ts';

/** A parsed request line; its numbers keep their text. */
export interface RequestLine {
  readonly custom_id: string;
  readonly body: Readonly<Record<string, unknown>>;
}

export function parseRequest(bytes: Buffer): RequestLine {
  return parseExact(bytes.toString('utf8')) as RequestLine;
}
