/** Which addresses a key may be sent to: rules over text, checked where an address is configured and once more before each call. */

/** Hosts that are this very machine: what is sent there does not cross a network. */
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/** Whether an address is on this machine. */
export function isLoopback(url: URL): boolean {
  return LOOPBACK.test(url.hostname);
}

/** Hosts of one's own network, as far as their text tells: literal addresses and names that no public server has. */
const PRIVATE =
  /^(?:(?:0|10|127)\.|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|169\.254\.|172\.(?:1[6-9]|2\d|3[01])\.|192\.168\.|\[(?:::|f[cd]|fe[89ab])|[^.]+\.?$|.*\.(?:localhost|local|internal|lan|home\.arpa)\.?$)/;

/**
 * Why a provider at this base URL must not send us on to an address, without a key; `undefined` when it may: to https, to
 * http where the provider itself is asked so, and into one's own network only from there.
 */
export function redirectProblem(url: URL, baseUrl: string): string | undefined {
  const base = new URL(baseUrl);
  const problem = addressProblem(url.href, base.protocol === 'http:' && !isLoopback(base));
  if (problem !== undefined) return problem;
  if (PRIVATE.test(url.hostname) && !PRIVATE.test(base.hostname)) return 'is in a private network';
  return undefined;
}

/**
 * Why secrets must not be sent to an address; `undefined` when they may be: it is https, or on this machine.
 * @param insecure plain http is meant, for a server in one's own network
 */
export function addressProblem(text: string, insecure = false): string | undefined {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) return 'must be an address that begins with https://';
  if (url.username !== '' || url.password !== '') return 'must not hold a user name or a password';
  if (url.protocol === 'http:' && !insecure && !isLoopback(url))
    return 'must be https, or http on this machine';
  return undefined;
}

/** Why a base URL cannot be used; `undefined` when it can. Every path of the provider has to stay below it. */
export function baseUrlProblem(text: string, insecure = false): string | undefined {
  const problem = addressProblem(text, insecure);
  if (problem !== undefined) return problem;
  if (/[?#\\\s]/.test(text)) return 'must not hold "?", "#", a backslash or white space';
  if (text.endsWith('/')) return 'must not end with "/"';
  const path = text.replace(/^https?:\/\/[^/]*/i, '');
  return path === '' || ENDPOINT_PATH.test(path) ? undefined : `its path ${ENDPOINT_PATH_MESSAGE}`;
}

/**
 * Paths of endpoints: segments that mean themselves to every server and proxy, not empty, not encoded, and no step up. Shared by
 * every place where a path can be written down.
 */
export const ENDPOINT_PATH = /^(?:\/(?!\.{1,2}(?:\/|$))[\w.~:-]{1,200})+$/;

/** Why a text is not such a path. */
export const ENDPOINT_PATH_MESSAGE =
  'must be a path such as "/v1/chat/completions": letters, digits, "_", "-", "~", ":" and "." between single slashes, without "." or ".." as a part';

/**
 * The address of a path below a base URL.
 * @throws RangeError when the address would not be that path below the base, for instance because an id of the provider's is ".."
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
