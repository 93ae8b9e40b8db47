/** Names of this machine that a browser or a program here asks for; a website may make its own name lead here instead. */
const OWN_HOST = /^(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?$/i;

/**
 * Whether a request to a server on 127.0.0.1 is meant for it: its Host is this machine (a name that a website rebinds to
 * 127.0.0.1 is not), and no page of another origin makes it (browsers say so in Origin and Sec-Fetch-Site).
 */
export function isForThisMachine(header: (name: string) => string | null | undefined): boolean {
  const host = header('host') ?? '';
  const origin = header('origin') ?? undefined;
  const site = header('sec-fetch-site') ?? 'none';
  const isOwnPage = origin === undefined || origin.toLowerCase() === `http://${host.toLowerCase()}`;
  return OWN_HOST.test(host) && isOwnPage && (site === 'none' || site === 'same-origin');
}
