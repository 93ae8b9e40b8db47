/** A multipart form with one file (RFC 7578). */
export interface Form {
  readonly fields: ReadonlyMap<string, string>;
  readonly file: { readonly name: string; readonly content: Buffer } | undefined;
}

const BLANK_LINE = '\r\n\r\n';

export function readForm(contentType: string, body: Buffer): Form {
  const boundary = /boundary="?([^";]+)"?/.exec(contentType)?.[1];
  const fields = new Map<string, string>();
  let file: Form['file'];
  if (boundary === undefined) return { fields, file };
  const delimiter = Buffer.from(`--${boundary}`);
  let at = body.indexOf(delimiter);
  while (at !== -1) {
    const from = at + delimiter.length + 2;
    const next = body.indexOf(delimiter, from);
    if (next === -1) break;
    const part = body.subarray(from, next - 2);
    const split = part.indexOf(BLANK_LINE);
    const head = part.toString('utf8', 0, split);
    const content = part.subarray(split + BLANK_LINE.length);
    const name = /[; ]name="([^"]*)"/.exec(head)?.[1] ?? '';
    const filename = /filename="([^"]*)"/.exec(head)?.[1];
    if (filename === undefined) fields.set(name, content.toString('utf8'));
    else file = { name: filename, content: Buffer.from(content) };
    at = next;
  }
  return { fields, file };
}
