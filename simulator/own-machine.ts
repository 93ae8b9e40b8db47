/** Names by which browsers and programs call this machine; a website may make its own name resolve to it. */
const OWN_HOST = /^(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?$/i;

/**
 * True if a request to a server on 127.0.0.1 may be served: its Host is a name of this machine, which excludes names that a
 * website resolves to 127.0.0.1; and it does not come from a page of another origin, which browsers report in Origin and
 * Sec-Fetch-Site.
 */
export function isForThisMachine(header: (name: string) => string | null | undefined): boolean {
  const host = header('host') ?? '';
  const origin = header('origin') ?? undefined;
  const site = header('sec-fetch-site') ?? 'none';
  const isOwnPage = origin === undefined || origin.toLowerCase() === `http://${host.toLowerCase()}`;
  return OWN_HOST.test(host) && isOwnPage && (site === 'none' || site === 'same-origin');
}
