import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** A server in a separate process, so that its CPU time is separate. */
export interface Server extends AsyncDisposable {
  readonly url: string;
  /** User and system seconds since it started. */
  cpuSeconds(): Promise<number>;
  /** Sends a message to the server and returns the answer. */
  ask(message: object): Promise<unknown>;
}

/** Starts `bench/servers/<name>.ts`. */
export async function startServer(name: string, args: readonly string[] = []): Promise<Server> {
  const child = fork(join(import.meta.dirname, `${name}.ts`), args, {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const [url] = (await once(child, 'message')) as [string];
  const ask = async (message: object): Promise<unknown> => {
    child.send(message);
    const [answer] = (await once(child, 'message')) as [unknown];
    return answer;
  };
  return {
    url,
    ask,
    cpuSeconds: async () => (await ask({ ask: 'cpu' })) as number,
    [Symbol.asyncDispose]: async () => {
      child.disconnect();
      await once(child, 'exit');
    },
  };
}
