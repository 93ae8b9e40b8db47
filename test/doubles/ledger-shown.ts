import type { LedgerBatch, LedgerFile, LedgerStatus, RequestLine } from './ledger-batch.ts';
import type { Misbehaviour } from './ledger-misbehaviour.ts';
import { shownCounts, shownLine, type OutputMisbehaviour } from './ledger-output.ts';
import { fail } from './ledger-reply.ts';

/** A batch as the provider shows it, with the faults. */
export function showBatch(
  batch: Omit<LedgerBatch, 'outputFileId'> & { readonly outputFileId: string | undefined },
  { status, finished }: Pick<LedgerStatus, 'status' | 'finished'>,
  misbehaviour: Misbehaviour,
): { readonly id: string } & Record<string, unknown> {
  return {
    id: batch.id,
    object: 'batch',
    endpoint: batch.endpoint,
    errors: status === 'failed' && batch.error ? { object: 'list', data: [batch.error] } : null,
    ...(misbehaviour.hidesInputFile === true ? {} : { input_file_id: batch.inputFileId }),
    completion_window: batch.window,
    status,
    output_file_id: batch.outputFileId ?? null,
    error_file_id: null,
    created_at: shownTime(batch.createdAt, misbehaviour),
    expires_at: shownTime(batch.createdAt + 86_400_000, misbehaviour),
    request_counts: shownCounts(
      { total: batch.lines.length, completed: finished, failed: 0 },
      misbehaviour.output ?? {},
    ),
    metadata: shownMetadata(batch.metadata, misbehaviour.metadata),
  };
}

function shownTime(
  milliseconds: number,
  { clockAheadSeconds = 0, zonelessTimes, millisecondTimes }: Misbehaviour,
): number | string {
  const shifted = milliseconds + clockAheadSeconds * 1_000;
  if (millisecondTimes === true) return shifted;
  return zonelessTimes === true ? new Date(shifted).toISOString().slice(0, 19) : Math.floor(shifted / 1_000);
}

function shownMetadata(
  metadata: LedgerBatch['metadata'],
  shown: Misbehaviour['metadata'] = 'as sent',
): unknown {
  const entries = Object.entries(metadata);
  switch (shown) {
    case 'none':
      return {};
    case 'upper case':
      return Object.fromEntries(entries.map(([name, value]) => [name.toUpperCase(), value.toUpperCase()]));
    case 'truncated':
      return Object.fromEntries(entries.map(([name, value]) => [name, value.slice(0, 6)]));
    case 'renamed':
      return Object.fromEntries(entries.map(([name, value]) => [`user_${name}`, value]));
    case 'merged':
      return { ...Object.fromEntries(entries.slice(1)), user: 'u-1', all: JSON.stringify(metadata) };
    case 'text':
      return JSON.stringify(metadata);
    case 'pairs':
      return entries.map(([key, value]) => ({ key, value }));
    case 'nested':
      return { user: metadata, version: 1 };
    case 'as sent':
      return metadata;
  }
}

export function outputOf(
  { lines, denied }: LedgerBatch,
  finished: number,
  output: OutputMisbehaviour,
): Buffer {
  const answers = lines.slice(0, finished).map(({ custom_id, body }, n) => ({
    id: `batch_req_${n}`,
    custom_id,
    response: responseOf(denied?.[custom_id], n, body),
    error: null,
  }));
  return Buffer.from(answers.map((answer) => `${shownLine(answer, output)}\n`).join(''));
}

function responseOf(denied: number | undefined, n: number, body: RequestLine['body']) {
  return {
    status_code: denied ?? 200,
    request_id: `req_${n}`,
    body: denied === undefined ? completionOf(body) : (fail(denied, 'request_denied').body as object),
  };
}

export function completionOf({ model, messages }: RequestLine['body']) {
  const content = `answer to ${messages?.at(-1)?.content ?? ''}`;
  return {
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: 1_700_000_000,
    model,
    choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 3, completion_tokens: 5, total_tokens: 8 },
  };
}

export function showFile({ id, name, content, purpose, createdAt }: LedgerFile) {
  return {
    id,
    object: 'file',
    bytes: content.length,
    created_at: Math.floor(createdAt / 1_000),
    filename: name,
    purpose,
    status: 'processed',
  };
}

export function showOutput(file: LedgerFile, { bytes }: OutputMisbehaviour) {
  const shown = showFile(file);
  return { ...shown, bytes: bytes === 'absent' ? null : bytes === 'zero' ? 0 : shown.bytes };
}
