import { ProviderUnavailable } from '../../errors.ts';
import type { Call } from './call.ts';
import { parseRetryAfter } from './retry-after.ts';
import { errors, type Answer } from './undici.ts';

const retryAfters = new WeakMap<Error, number>();

/** The wait that the answer of an error requested, in milliseconds. */
export const retryAfterOf = (error: Error): number | undefined => retryAfters.get(error);

export function rememberRetryAfter(error: Error, { headers }: Answer): void {
  const header = headers['retry-after'];
  const waitMs = parseRetryAfter(typeof header === 'string' ? header : undefined, Date.now());
  if (waitMs !== undefined) retryAfters.set(error, waitMs);
}

/** Converts any failure between us and the provider to an outage; our own named errors stay unchanged. */
export function asProviderError({ action }: Pick<Call, 'action'>, error: unknown): Error {
  if (error instanceof Error && /^(Provider|Store|Invalid)/.test(error.name)) return error;
  const reason = error instanceof errors.UndiciError ? error.code : codeOf(error);
  const meaning = MEANINGS[reason];
  const explained = meaning === undefined ? '' : ` ${meaning}`;
  return new ProviderUnavailable(`${action}: no answer (${reason}).${explained}`, { cause: error });
}

/** Explanations of common connection errors. */
const MEANINGS: Readonly<Record<string, string>> = {
  ENOTFOUND: 'The name of the host is not known: there is no network, or the base URL is wrong.',
  EAI_AGAIN: 'The name of the host cannot be looked up: there is no network.',
  ENETUNREACH: 'There is no network.',
  ENETDOWN: 'There is no network.',
  EHOSTUNREACH: 'The network does not reach the host.',
  ECONNREFUSED: 'Nothing listens at the base URL.',
  ECONNRESET: 'The connection was closed before the answer.',
  UND_ERR_CONNECT_TIMEOUT: 'The host does not accept the connection.',
};

function codeOf(error: unknown): string {
  if (error instanceof Error && error.name === 'TimeoutError') return 'not complete in time';
  if (error instanceof Error && error.name === 'AbortError') return 'given up by this host';
  if (error instanceof Error && 'code' in error) return String(error.code);
  return error instanceof Error ? error.name : 'unknown';
}
