import {
  ProviderMoved,
  ProviderNotFound,
  ProviderRejected,
  ProviderUnavailable,
  withCode,
} from '../../errors.ts';
import { redirectProblem } from './addresses.ts';
import type { Answer } from './undici.ts';

/** Most redirects of one call. */
const MAX_HOPS = 5;

/** The URL that returns a file. */
export interface Redirected {
  readonly action: string;
  readonly baseUrl: string;
  readonly from: URL;
}

/** The target of a redirect. */
export function redirectOf({ statusCode, headers: { location } }: Answer): string | undefined {
  return [301, 302, 303, 307, 308].includes(statusCode) && typeof location === 'string'
    ? location
    : undefined;
}

/**
 * The error of a redirected call that is not repeated at the new address. A call that changes something is never repeated, and
 * another one, except a download, only at the same origin, because the key must not be sent elsewhere. The address may be signed, so
 * only its host is named, or its path at the same origin.
 */
export function movedError(
  action: string,
  from: URL,
  { statusCode, headers: { location } }: Answer,
): ProviderMoved {
  const to = typeof location === 'string' ? URL.parse(location, from.href) : null;
  const isSame = to?.origin === from.origin;
  const place = to === null ? 'another address' : isSame ? to.pathname : `${to.protocol}//${to.host}`;
  const message = `${action}: ${statusCode}, a redirect to ${place}. It was not sent there: the provider's base URL must be the final address.`;
  return new ProviderMoved(withCode(message, 'REDIRECTED'));
}

/**
 * Follows the redirects of a call that only reads, within the provider's origin.
 * @param ask calls a URL with the key
 * @returns the first answer that is not such a redirect
 */
export async function followWithin(
  from: URL,
  first: Answer,
  ask: (url: URL) => Promise<Answer>,
): Promise<{ readonly answer: Answer; readonly at: URL }> {
  let answer = first;
  let at = from;
  for (let hop = 1; hop <= MAX_HOPS; hop += 1) {
    const next = URL.parse(redirectOf(answer) ?? '//', at.href);
    if (next === null || next.origin !== from.origin || next.username !== '') break;
    discard(answer);
    at = next;
    answer = await ask(at);
  }
  return { answer, at };
}

/**
 * Follows a provider's redirect to a file's content. The URLs are signed, so errors never contain them.
 * @param ask calls a URL, with the key only at the provider's own origin
 * @throws ProviderRejected for a URL that must not be called, and for too many redirects
 * @throws ProviderUnavailable when the store rejects the call: an expired URL does not concern the account, and a new one can be
 * requested
 */
export async function followRedirects(
  { action, baseUrl, from }: Redirected,
  first: Answer,
  ask: (url: URL) => Promise<Answer>,
): Promise<Answer> {
  let answer = first;
  let at = from;
  for (let hop = 1; ; hop += 1) {
    const location = redirectOf(answer);
    if (location === undefined) return acceptContent(action, answer);
    discard(answer);
    if (hop > MAX_HOPS)
      throw new ProviderRejected(`${action}: it is redirected more than ${MAX_HOPS} times.`);
    const next = URL.parse(location, at.href);
    const problem = next === null ? 'is none' : redirectProblem(next, baseUrl);
    if (next === null || problem !== undefined)
      throw new ProviderRejected(`${action}: the address that it is redirected to ${problem}.`);
    at = next;
    answer = await ask(at);
  }
}

function acceptContent(action: string, answer: Answer): Answer {
  const { statusCode } = answer;
  if (statusCode >= 200 && statusCode < 300) return answer;
  discard(answer);
  const isGone = statusCode === 404 || statusCode === 410;
  // A range after the end of the file is not an outage.
  const isOutside = statusCode === 416;
  throw new (isGone ? ProviderNotFound : isOutside ? ProviderRejected : ProviderUnavailable)(
    `${action}: ${statusCode} at the address that it was redirected to.`,
  );
}

/** Ends an answer whose body is not read. */
export function discard({ body }: Pick<Answer, 'body'>): void {
  body.on('error', () => undefined).destroy();
}
