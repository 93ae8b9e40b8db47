import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';

/** The server's side of `start-server.ts`: reports its URL, answers messages, ends with its parent. */
export function answerParent(
  url: string,
  answers: Readonly<Record<string, (message: never) => unknown>> = {},
): void {
  process.on('message', (message: { readonly ask: string }) => {
    if (message.ask === 'cpu') {
      const { user, system } = process.cpuUsage();
      process.send?.((user + system) / 1e6);
    } else process.send?.(answers[message.ask]?.(message as never) ?? null);
  });
  process.once('disconnect', () => process.exit());
  process.send?.(url);
}

/**
 * Listens on 127.0.0.1.
 * @returns its URL, without a trailing slash
 */
export async function listen(listener: RequestListener): Promise<string> {
  const server = createServer({ keepAliveTimeout: 60_000 }, listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
