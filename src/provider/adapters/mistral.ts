import { frameLines } from '../../jsonl/lines.ts';
import { parseWindow } from '../completion-window.ts';
import type { CreateBatch } from '../batch-provider.ts';
import { asWire, readBatch } from '../wire.ts';
import type { Adapter } from './adapter.ts';
import { bareLines } from './bare-lines.ts';
import { uploadForm } from './openai.ts';

/** Mistral: OpenAI's files; a batch is a job with one model, and most fields have other names. */
export const MISTRAL: Adapter = {
  batchesPath: '/batch/jobs',
  filePurpose: 'batch',
  lists: 'page',
  upload: (http, file, dialect) => uploadForm(http, { ...file, open: () => bareLines(file.open()) }, dialect),
  createBody: async (request, { honours }) => ({
    input_files: [request.inputFileId],
    endpoint: request.endpoint,
    model: await modelOf(request),
    timeout_hours: Math.ceil((parseWindow(request.completionWindow) ?? DAY_SECONDS) / 3_600),
    ...(honours.metadata === true && { metadata: request.metadata }),
  }),
  readBatch: (value, dialect) => {
    const job = asWire(value);
    if (job === undefined) return undefined;
    const inputs = job['input_files'];
    return readBatch(
      {
        ...job,
        input_file_id: Array.isArray(inputs) ? (inputs[0] as unknown) : undefined,
        output_file_id: job['output_file'],
        error_file_id: job['error_file'],
        request_counts: job,
      },
      dialect,
    );
  },
};

const DAY_SECONDS = 86_400;
const MAX_LINE_BYTES = 512 * 1_048_576;

/** The model of the first request: the dialect allows one model per file. */
async function modelOf({ open }: CreateBatch): Promise<unknown> {
  for await (const lines of frameLines(open(), MAX_LINE_BYTES)) {
    for (const { bytes } of lines) {
      if (bytes === undefined) continue;
      return asWire((JSON.parse(bytes.toString('utf8')) as { body?: unknown }).body)?.['model'];
    }
  }
  return undefined;
}
