/** URLs that a key may be sent to: rules over text, checked when a URL is configured and again before each call. */

/** Hosts of this machine: nothing sent to them crosses a network. */
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/** True if a URL is on this machine. */
export function isLoopback(url: URL): boolean {
  return LOOPBACK.test(url.hostname);
}

/** Hosts of a private network, as far as the text shows: literal addresses, and names that no public server has. */
const PRIVATE =
  /^(?:(?:0|10|127)\.|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|169\.254\.|172\.(?:1[6-9]|2\d|3[01])\.|192\.168\.|\[(?:::|f[cd]|fe[89ab])|[^.]+\.?$|.*\.(?:localhost|local|internal|lan|home\.arpa)\.?$)/;

/**
 * The reason why a redirect of a provider to a URL must not be followed; `undefined` if it may be, without the key. Allowed are
 * https, http if the provider itself uses http, and a private network only if the provider is in one.
 */
export function redirectProblem(url: URL, baseUrl: string): string | undefined {
  const base = new URL(baseUrl);
  const problem = addressProblem(url.href, base.protocol === 'http:' && !isLoopback(base));
  if (problem !== undefined) return problem;
  if (PRIVATE.test(url.hostname) && !PRIVATE.test(base.hostname)) return 'is in a private network';
  return undefined;
}

/**
 * The reason why secrets must not be sent to a URL; `undefined` if they may be: it uses https, or is on this machine.
 * @param insecure true to allow plain http, for a server in a private network
 */
export function addressProblem(text: string, insecure = false): string | undefined {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) return 'must be an address that begins with https://';
  if (url.username !== '' || url.password !== '') return 'must not hold a user name or a password';
  if (url.protocol === 'http:' && !insecure && !isLoopback(url))
    return 'must be https, or http on this machine';
  return undefined;
}

/** The reason why a base URL cannot be used; `undefined` if it can. Every path of the provider must be below it. */
export function baseUrlProblem(text: string, insecure = false): string | undefined {
  const problem = addressProblem(text, insecure);
  if (problem !== undefined) return problem;
  if (/[?#\\\s]/.test(text)) return 'must not hold "?", "#", a backslash or white space';
  if (text.endsWith('/')) return 'must not end with "/"';
  const path = text.replace(/^https?:\/\/[^/]*/i, '');
  return path === '' || ENDPOINT_PATH.test(path) ? undefined : `its path ${ENDPOINT_PATH_MESSAGE}`;
}

/**
 * Paths of endpoints: segments that every server and proxy reads the same way, so not empty, not encoded, and no "..". Used
 * wherever a path can be configured.
 */
export const ENDPOINT_PATH = /^(?:\/(?!\.{1,2}(?:\/|$))[\w.~:-]{1,200})+$/;

/** The reason why a text is not such a path. */
export const ENDPOINT_PATH_MESSAGE =
  'must be a path such as "/v1/chat/completions": letters, digits, "_", "-", "~", ":" and "." between single slashes, without "." or ".." as a part';

/**
 * The URL of a path below a base URL.
 * @throws RangeError when the address would not be that path below the base, for instance because the provider has returned ".."
 * as an id
 */
export function addressBelow(baseUrl: string, path: string): URL {
  const base = new URL(baseUrl);
  const url = new URL(`${baseUrl}${path}`);
  const [asked = ''] = path.split('?', 1);
  const expected = `${base.pathname === '/' ? '' : base.pathname}${asked}`;
  if (url.origin !== base.origin || url.pathname !== expected || url.hash !== '')
    throw new RangeError(`"${path}" is not a path below the base URL`);
  return url;
}
