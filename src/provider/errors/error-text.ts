import { bounded } from '../../errors.ts';

/** Reads errors that are a plain text or a page. */

/** Number of characters of a text that are searched for a status. */
const MAX_WORDS = 2_000;

/**
 * Formats of Python's libraries: `Error code: 429 - {…}`, `Client error '404 Not Found'`, `404, message=`, `503 Service
 * Unavailable`.
 */
const STATUS_FIRST =
  /^(?:Error code: |HTTP[/ ](?:[\d.]+ )?|(?:Client|Server) error ')?([45]\d\d)(?=$| - |: ?|, message=| [A-Z])/;
/**
 * `Request failed with status code 429`. Only transient statuses: another one may concern the URL of an image, not the account.
 */
const PASSING_STATUS =
  /\b(?:HTTP|status|status[ _]?code|error[ _]?code|error)[:= '"]{1,3}(408|425|429|5\d\d)\b/i;

/** The HTTP status at the beginning of a text. */
export function statusIn(text: string): string | undefined {
  const start = text.slice(0, MAX_WORDS);
  return (STATUS_FIRST.exec(start) ?? PASSING_STATUS.exec(start))?.[1];
}

/** A message after its status, which is not repeated if the message begins with it: `413 Request Entity Too Large`. */
export function withStatus(status: number, message: string): string {
  const begins = new RegExp(
    `^\\W{0,2}(?:HTTP[/ ]?[\\d.]* ?|(?:error|status)(?: code)?:? ?)*${status}\\b`,
    'i',
  );
  return begins.test(message) ? message : `${status} ${message}`;
}

/** The content of a page: its codes, and as much text as fits. */
interface PageWords {
  readonly names: readonly string[];
  readonly words: string | undefined;
}

/** Number of characters of a page that are read. */
const MAX_PAGE = 20_000;

/** Reads a page of HTML (from gateways) or XML (from stores): its title, otherwise its text. */
export function readPage(page: string): PageWords {
  const text = page.slice(0, MAX_PAGE);
  const [, title] = /<(?:title|message)[^>]*>([^<]+)</i.exec(text) ?? [];
  const [, code] = /<code>([\w.-]+)</i.exec(text) ?? [];
  const words = plainWords(title ?? text.replaceAll(/<(script|style)\b[\s\S]*?<\/\1>/gi, ' '));
  const [, status] = /^\D{0,20}\b([45]\d\d)\b/.exec(words) ?? [];
  const names = [code, status].filter((name) => name !== undefined);
  return { names, words: words === '' ? undefined : bounded(words) };
}

function plainWords(html: string): string {
  return html
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll(/&(?:nbsp|#160);/g, ' ')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')
    .replaceAll(/\s+/g, ' ')
    .trim();
}
