import { ProviderNotFound, ProviderRejected, ProviderUnavailable } from '../../errors.ts';
import { redirectProblem } from './addresses.ts';
import type { Answer } from './undici.ts';

/** Most redirects of one download. */
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
 * Follows a provider's redirect to a file's content. The URLs are signed, so errors never contain them.
 * @param ask calls a URL without a key
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
