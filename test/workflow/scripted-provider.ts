import type { IncomingMessage } from 'node:http';
import { serve } from '../support/serve.ts';

/** The answer to a row. The text of the body is sent unchanged. */
export interface Scripted {
  readonly status?: number;
  readonly body: string;
  /** In a batch, replaces the fields of the row's line other than its custom_id: `"error":{…}`. */
  readonly fields?: string;
}

interface ScriptedOptions {
  /** Status of a batch that has ended. */
  readonly doneStatus?: string;
  /** The provider rejects files with more rows. */
  readonly maxRows?: number;
  /** False if batches show no files. */
  readonly hasFiles?: boolean;
  /** Writes the lines of a result file, which have no line ends. Default: one per line. */
  readonly frame?: (lines: readonly string[]) => string;
}

const asLines = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('');

export interface ScriptedProvider {
  readonly url: string;
  /** How often each row was sent, by its custom_id. */
  readonly asked: ReadonlyMap<string, number>;
}

/**
 * A provider whose answers are given as text, which can contain any digits and invalid JSON. It has OpenAI's Batch API, and the realtime endpoints
 * for rows whose `user` is their custom_id.
 */
export async function startScriptedProvider(
  script: Readonly<Record<string, Scripted>>,
  { doneStatus = 'completed', hasFiles = true, maxRows = Infinity, frame = asLines }: ScriptedOptions = {},
): Promise<ScriptedProvider> {
  const showBatch = (id: string): string =>
    JSON.stringify({ ...batchOf(id, doneStatus), ...(!hasFiles && { output_file_id: null }) });
  const files = new Map<string, string>();
  const asked = new Map<string, number>();
  const answer = (id: string): Scripted => {
    asked.set(id, (asked.get(id) ?? 0) + 1);
    return script[id] ?? { status: 404, body: '{}' };
  };
  const routes: readonly (readonly [RegExp, (call: Call) => Scripted])[] = [
    [
      /^POST \/v1\/files$/,
      ({ text }) =>
        rowsIn(text).length > maxRows
          ? { status: 413, body: '{"error":{"code":"file_too_large","message":"The file is too large."}}' }
          : { body: JSON.stringify(addFile(files, rowsIn(text).join('\n'))) },
    ],
    [/^POST \/v1\/batches$/, ({ text }) => ({ body: showBatch(runBatch(files, text, answer, frame)) })],
    [/^GET \/v1\/batches\/(.+)$/, ({ id }) => ({ body: showBatch(id) })],
    [/^GET \/v1\/files\/(.+)\/content$/, ({ id }) => ({ body: files.get(id) ?? '' })],
    [/^POST \/v1\/batches\/(.+)\/cancel$/, ({ id }) => ({ body: showBatch(id) })],
    [/^(?:GET|DELETE) /, () => ({ body: '{"data":[]}' })],
    [/^POST /, ({ text }) => answer(String((JSON.parse(text) as { user?: unknown }).user))],
  ];
  const url = await serve((request, response) => {
    void readText(request).then((text) => {
      const call = `${request.method} ${new URL(request.url ?? '/', 'http://a').pathname}`;
      const [pattern, answerCall] = routes.find(([each]) => each.test(call)) ?? [];
      const { status = 200, body } = answerCall?.({ text, id: pattern?.exec(call)?.[1] ?? '' }) ?? {
        body: '',
      };
      return response.writeHead(status, { 'content-type': 'application/json' }).end(body);
    });
  });
  return { url: `${url}/v1`, asked };
}

interface Call {
  readonly text: string;
  /** The id in the path. */
  readonly id: string;
}

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

function rowsIn(form: string): string[] {
  return form.split(/\r?\n/).filter((line) => line.startsWith('{"custom_id"'));
}

function addFile(files: Map<string, string>, content: string): object {
  const id = `file-${files.size + 1}`;
  files.set(id, content);
  return { id, object: 'file', filename: id, bytes: content.length };
}

/** Runs a batch, which ends at once. Its output is the next file after its input. Returns its id. */
function runBatch(
  files: Map<string, string>,
  request: string,
  answer: (id: string) => Scripted,
  frame: NonNullable<ScriptedOptions['frame']>,
): string {
  const { input_file_id: input } = JSON.parse(request) as { input_file_id: string };
  const lines = rowsIn(files.get(input) ?? '').map((row) => {
    const { custom_id } = JSON.parse(row) as { custom_id: string };
    const { status = 200, body, fields } = answer(custom_id);
    if (fields !== undefined) return `{"custom_id":"${custom_id}",${fields}}`;
    return `{"custom_id":"${custom_id}","response":{"status_code":${status},"body":${body}},"error":null}`;
  });
  addFile(files, frame(lines));
  return `batch-${files.size}`;
}

function batchOf(id: string, status: string): object {
  return {
    id,
    object: 'batch',
    status,
    output_file_id: id.replace('batch', 'file'),
    error_file_id: null,
  };
}
