import { createHash, randomUUID } from 'node:crypto';
import type { CreateBatch, ProviderFile, UploadFile } from '../batch-provider.ts';
import type { Dialect } from '../dialects/schema.ts';
import type { Http } from '../http/http.ts';
import { multipartUpload } from '../http/multipart.ts';
import { readBatch, readFile } from '../wire.ts';
import type { Adapter } from './adapter.ts';

/** OpenAI's API, and that of all providers that copy it. */
export const OPENAI: Adapter = {
  batchesPath: '/batches',
  filePurpose: 'batch',
  lists: 'after',
  upload: uploadForm,
  createBody: (request, { honours }) =>
    Promise.resolve({
      input_file_id: request.inputFileId,
      endpoint: request.endpoint,
      completion_window: request.completionWindow,
      ...(honours.metadata === true && { metadata: request.metadata }),
      ...(honours.idempotencyKey === 'body' && { idempotency_key: idempotencyKey(request) }),
    }),
  readBatch,
};

/** After this time OpenAI and Azure delete a file that was left behind: their longest setting, and longer than any job. */
const FILE_EXPIRY_SECONDS = 30 * 86_400;

/** A multipart form with a purpose and the file. */
export async function uploadForm(
  http: Http,
  { name, bytes, open }: UploadFile,
  dialect: Dialect,
): Promise<ProviderFile | undefined> {
  const multipart = multipartUpload(
    { name, bytes, content: open() },
    { purpose: 'batch', ...expiryFields(dialect) },
    `nightshift-${randomUUID()}`,
  );
  const uploaded = await http.json({
    action: `upload ${name}`,
    method: 'POST',
    path: '/files',
    headers: {
      'content-type': multipart.contentType,
      'content-length': String(multipart.contentLength),
    },
    body: multipart.body,
    repeatable: false,
  });
  return readFile(uploaded);
}

function expiryFields({ honours: { fileExpiry } }: Dialect): Readonly<Record<string, string>> {
  const seconds = String(FILE_EXPIRY_SECONDS);
  if (fileExpiry === 'brackets')
    return { 'expires_after[anchor]': 'created_at', 'expires_after[seconds]': seconds };
  if (fileExpiry === 'dots')
    return { 'expires_after.anchor': 'created_at', 'expires_after.seconds': seconds };
  return {};
}

/**
 * The same key for every attempt of one round of one shard with one uploaded file, and for nothing else. A job that runs again
 * from an empty data folder uploads again, so its key differs from that of the earlier run.
 */
export function idempotencyKey({ inputFileId, metadata }: CreateBatch): string {
  const upload = createHash('sha256').update(inputFileId).digest('hex').slice(0, 16);
  return `${metadata['key'] ?? JSON.stringify(metadata)}/${upload}`;
}
