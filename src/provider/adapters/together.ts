import { ProviderUnavailable } from '../../errors.ts';
import type { ProviderFile, UploadFile } from '../batch-provider.ts';
import type { Http } from '../http/http.ts';
import { asWire, readBatch } from '../wire.ts';
import type { Adapter } from './adapter.ts';
import { bareLines } from './bare-lines.ts';

const PURPOSE = 'batch-api';

/** Together: a call returns the URL for each upload; batches have neither metadata nor counters. */
export const TOGETHER: Adapter = {
  batchesPath: '/batches',
  filePurpose: PURPOSE,
  lists: 'whole',
  upload,
  createBody: ({ inputFileId, endpoint, completionWindow }) =>
    Promise.resolve({ input_file_id: inputFileId, endpoint, completion_window: completionWindow }),
  readBatch: (value, dialect) => {
    const outer = asWire(value);
    // The answer to a create wraps the job; all other answers do not.
    const job = asWire(outer?.['job']) ?? outer;
    return job && readBatch({ ...job, errors: job['error'], expires_at: job['job_deadline'] }, dialect);
  },
};

/** The upload URL comes as a redirect and is signed, so it is called without the key. */
async function upload(http: Http, { name, bytes, open }: UploadFile): Promise<ProviderFile | undefined> {
  const query = new URLSearchParams({ file_name: name, file_type: 'jsonl', purpose: PURPOSE }).toString();
  const action = `upload ${name}`;
  const target = await http.redirect({
    action,
    method: 'POST',
    path: `/files?${query}`,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: query,
    repeatable: false,
  });
  const id = target.headers['x-together-file-id'];
  if (typeof id !== 'string' || id === '') return undefined;
  try {
    await http.put(action, target.location, bareLines(open()), bytes);
  } catch (error) {
    if (!(error instanceof ProviderUnavailable)) await forget(http, id);
    throw error;
  }
  return { id, name, bytes };
}

/** Deletes a file whose content was rejected. Otherwise the empty file would stay at the provider unnoticed. */
async function forget(http: Http, id: string): Promise<void> {
  const path = `/files/${encodeURIComponent(id)}`;
  await http
    .json({ action: `delete file ${id}`, method: 'DELETE', path, repeatable: true })
    .catch(() => undefined);
}
