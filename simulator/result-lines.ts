import { createHash } from 'node:crypto';
import type { Dialect } from '../src/provider/dialects/schema.ts';
import { answerBody, isUnknownModel, markedFailure, type SimulatedRequest } from './answers.ts';
import type { Ending } from './batches.ts';
import { changeLine } from './changed-lines.ts';
import { codeOf } from './codes.ts';
import type { Spoken } from './dialects.ts';
import type { RowAction } from './faults.ts';

/** A row's result lines. Some providers put errors into the output file, most into a separate file. */
export interface ResultLines {
  readonly output: readonly string[];
  readonly errors: readonly string[];
  readonly failed: boolean;
  /** The answer, which is paid for. */
  readonly body?: Readonly<Record<string, unknown>>;
  /** Set if the counters exclude the row. */
  readonly uncounted?: boolean;
}

/** The lines of a row that the batch has processed. */
export function resultLines(
  request: SimulatedRequest,
  actions: readonly RowAction[],
  spoken: Spoken,
  { seed, nth }: { readonly seed: number; readonly nth: number },
): ResultLines {
  const marked = markedFailure(request, nth);
  const has = (kind: RowAction['kind']): boolean => actions.some((action) => action.kind === kind);
  const error =
    actions.find((action) => action.kind === 'error') ??
    (marked === undefined ? undefined : { code: marked, status: undefined, message: undefined }) ??
    (isUnknownModel(request.body['model'])
      ? { code: codeOf('unknown model', spoken) ?? '', status: 404, message: 'There is no such model.' }
      : undefined);
  if (has('drop')) return { output: [], errors: [], failed: false, uncounted: true };
  if (has('lose')) return { output: [], errors: [], failed: false };
  const stranger = has('unknown') ? [line('a-stranger', { response: null, error: null })] : [];
  if (error !== undefined) {
    const text = errorLine(request, error, spoken);
    return spoken.dialect.files.failedRows === 'output file'
      ? { output: [text, ...stranger], errors: [], failed: true }
      : { output: stranger, errors: [text], failed: true };
  }
  const body = answerBody(request, { seed, nth, tellsCosts: spoken.dialect.name === 'melious' });
  const text = changeLine(answerLine(request, actions, spoken, body), actions);
  return {
    body,
    output: has('duplicate') ? [text, text, ...stranger] : [text, ...stranger],
    errors: [],
    failed: false,
  };
}

function answerLine(
  request: SimulatedRequest,
  actions: readonly RowAction[],
  { dialect }: Spoken,
  body: Record<string, unknown>,
): string {
  let status = 200;
  let asText = dialect.fields.body === 'JSON text';
  for (const action of actions) {
    if (action.kind === 'empty') return line(request.custom_id, { response: null, error: null });
    if (action.kind === 'status-zero') status = 0;
    if (action.kind === 'string-body') asText = true;
    if (action.kind === 'text') changeChoice(body, { message: { role: 'assistant', content: action.text } });
    if (action.kind === 'finish') changeChoice(body, { finish_reason: action.reason });
  }
  const response = {
    status_code: status,
    request_id: requestId(request),
    body: asText ? JSON.stringify(body) : body,
  };
  return line(request.custom_id, { response, error: null });
}

function changeChoice(body: Record<string, unknown>, change: object): void {
  const choices = body['choices'];
  if (Array.isArray(choices)) body['choices'] = choices.map((choice: object) => ({ ...choice, ...change }));
}

interface RowError {
  readonly code: string;
  readonly status?: number | undefined;
  readonly message?: string | undefined;
}

function errorLine(
  request: SimulatedRequest,
  { code, status, message }: RowError,
  { dialect }: Spoken,
): string {
  const said = message ?? `The simulator was told to fail this row with ${code}.`;
  const { custom_id } = request;
  switch (dialect.fields.rowError) {
    case 'code':
      return line(custom_id, { response: null, error: { code, message: said } });
    case 'type':
      // A line without any response.
      return line(custom_id, { error: { type: errorType(dialect, status), message: said } });
    case 'message':
      return line(custom_id, { response: null, error: { code: null, message: said } });
    case 'status as code':
      return line(custom_id, {
        response: null,
        error: { code: String(status ?? 500), message: `Error code: {'error': {'message': '${said}'}}` },
      });
    case 'response':
    case 'unknown': {
      const type = (status ?? 500) >= 500 ? 'server_error' : 'invalid_request_error';
      const body = { error: { code, message: said, type, param: null } };
      const response = { status_code: status ?? 500, request_id: requestId(request), body };
      return line(custom_id, { response, error: null });
    }
  }
}

function errorType({ adapter }: Dialect, status = 500): string {
  if (adapter !== 'anthropic') return 'request_failed';
  return status >= 500 ? 'api_error' : 'invalid_request_error';
}

/** The line of a row that was not processed. Some providers list these rows; all others omit them. */
export function unfinished({ custom_id }: SimulatedRequest, ending: Ending): string {
  const error = {
    code: `batch_${ending}`,
    message: `This request was not executed before the batch ${ending}.`,
  };
  return line(custom_id, { response: null, error });
}

function line(custom_id: string, rest: { readonly response?: unknown; readonly error: unknown }): string {
  return `${JSON.stringify({ id: `batch_req_${shortHash(custom_id)}`, custom_id, ...rest })}\n`;
}

const requestId = ({ custom_id }: SimulatedRequest): string => `req_${shortHash(custom_id)}`;
const shortHash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 12);
