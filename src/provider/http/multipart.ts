/** A multipart/form-data body of some fields and one file, its length known before it is sent. */
export interface MultipartBody {
  readonly contentType: string;
  readonly contentLength: number;
  readonly body: AsyncIterable<Uint8Array>;
}

export interface MultipartFile {
  readonly name: string;
  readonly bytes: number;
  readonly content: AsyncIterable<Uint8Array>;
}

/**
 * Builds the body as a hand-written iterable, because `undici.request` with a FormData body hangs on Node 24 once `node:http` is
 * loaded, and `fetch` with a Blob needs three times the memory.
 *
 * @param fields sent before the file, because some providers read nothing after it
 * @param boundary must be long and random enough that the content does not contain it; this is not checked
 */
export function multipartUpload(
  file: MultipartFile,
  fields: Readonly<Record<string, string>>,
  boundary: string,
): MultipartBody {
  const parts = Object.entries(fields).map(
    ([name, value]) =>
      `--${boundary}\r\nContent-Disposition: form-data; name="${quoted(name)}"\r\n\r\n${value}\r\n`,
  );
  const head = Buffer.from(
    `${parts.join('')}--${boundary}\r\n` +
      `Content-Disposition: form-data; name="file"; filename="${quoted(file.name)}"\r\n` +
      `Content-Type: application/jsonl\r\n\r\n`,
  );
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`);
  return {
    contentType: `multipart/form-data; boundary=${boundary}`,
    contentLength: head.byteLength + file.bytes + tail.byteLength,
    body: pieces(head, file.content, tail),
  };
}

async function* pieces(
  head: Buffer,
  content: AsyncIterable<Uint8Array>,
  tail: Buffer,
): AsyncGenerator<Uint8Array> {
  yield head;
  yield* content;
  yield tail;
}

/** Escapes a name as browsers do, so that it cannot end its quotes or its header line. */
function quoted(name: string): string {
  return name.replaceAll('"', '%22').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}
