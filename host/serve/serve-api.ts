import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { Hono, type Context } from 'hono';
import { createApi } from '../../src/api/app.ts';
import { problem, problemOf } from '../../src/api/problems.ts';
import { InvalidInput, InvalidRequest } from '../../src/errors.ts';
import { INPUT_PREFIX, OUTPUT_PREFIX, STAGED_PREFIX } from '../../src/checkpoints/keys.ts';
import type { StartEdges } from '../../src/job-control/start-job.ts';
import { codeOf } from '../../src/store/file-errors.ts';
import { MAX_UPLOAD_BYTES, type Links } from '../../src/store/links.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { isForThisMachine } from '../../simulator/own-machine.ts';
import { hasRoute } from '../template/routes.ts';
import { addPages, type NextFires } from './pages.ts';

export interface ServeApi {
  readonly edges: StartEdges;
  /** The routes of the deployed API. */
  readonly routes: readonly string[];
  /** Port on 127.0.0.1; 0 for any free port. */
  readonly port: number;
  /** Next time of each schedule. */
  readonly nextFires: NextFires;
}

export interface ServedApi extends AsyncDisposable {
  readonly url: string;
}

/** Serves the API on this machine, the files behind its links, and pages for people. */
export async function serveApi({ edges, routes, port, nextFires }: ServeApi): Promise<ServedApi> {
  let url = '';
  const api = createApi({ ...edges, links: fileLinks(() => url), caller: () => 'local' });
  const app = new Hono();
  app.use(rejectOthers);
  app.onError((error, c) => {
    const detail = error.message;
    if (error instanceof SyntaxError) return problem(c, 'malformed-request', { detail });
    if (error instanceof InvalidInput || error instanceof URIError)
      return problem(c, 'invalid-request', { detail });
    return problemOf(c, error, edges.log);
  });
  addFiles(app, edges.store);
  addPages(app, edges, nextFires);
  app.all('*', (c) =>
    hasRoute(routes, c.req.method, c.req.path)
      ? api.fetch(c.req.raw)
      : problem(c, 'no-such-route', { detail: `${c.req.method} ${c.req.path}` }),
  );
  const listener = getRequestListener((request, env) => app.fetch(request, env));
  const server = createServer((request, response) => void listener(request, response));
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(new InvalidRequest(describePort(port, error))));
    server.listen(port, '127.0.0.1', resolve);
  });
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Rejects requests from websites in a browser on this machine, so that they can neither read nor start anything. */
async function rejectOthers(c: Context, next: () => Promise<void>): Promise<Response | undefined> {
  if (!isForThisMachine((name) => c.req.header(name)))
    return problem(c, 'no-such-route', { detail: 'This API is for this machine.' });
  await next();
  return undefined;
}

/** URLs of this host that replace AWS's presigned URLs. They are valid while this host is running. */
function fileLinks(url: () => string): Links {
  const addressOf = (key: string): Promise<string> =>
    Promise.resolve(`${url()}/files/${key.split('/').map(encodeURIComponent).join('/')}`);
  return {
    download: addressOf,
    upload: async (key, bytes) => `${await addressOf(key)}${bytes === undefined ? '' : `?bytes=${bytes}`}`,
  };
}

function addFiles(app: Hono, store: ObjectStore): void {
  const keyOf = (c: Context): string =>
    c.req.path.slice('/files/'.length).split('/').map(decodeURIComponent).join('/');
  app.get('/files/*', async (c) => {
    const key = keyOf(c);
    const object = key.startsWith(OUTPUT_PREFIX) ? await store.open(key) : undefined;
    if (object === undefined) return problem(c, 'no-such-route', { detail: `There is no ${key}.` });
    const headers = {
      'content-length': String(object.bytes),
      'content-type': 'application/octet-stream',
      'x-content-type-options': 'nosniff',
    };
    return c.body(ReadableStream.from(object.body) as ReadableStream<Uint8Array>, 200, headers);
  });
  app.put('/files/*', async (c) => {
    const key = keyOf(c);
    if (![INPUT_PREFIX, STAGED_PREFIX].some((prefix) => key.startsWith(prefix))) {
      return problem(c, 'no-such-route', { detail: `Nothing can be put to ${key}.` });
    }
    if ((await store.stat(key)) !== undefined) {
      return problem(c, 'already-there', { detail: `There is a file ${key}; it is not written over.` });
    }
    const writer = store.write(key);
    const exact = c.req.query('bytes');
    try {
      let bytes = 0;
      for await (const chunk of c.req.raw.body ?? []) {
        bytes += (chunk as Uint8Array).byteLength;
        if (bytes > Number(exact ?? MAX_UPLOAD_BYTES)) throw new InvalidInput(`The file ${key} is too long.`);
        await writer.write(chunk as Uint8Array);
      }
      if (exact !== undefined && bytes !== Number(exact))
        throw new InvalidInput(`The file ${key} has ${bytes} bytes, not ${Number(exact)}.`);
      await writer.close();
    } catch (error) {
      await writer.abort();
      throw error;
    }
    return c.body(null, 200);
  });
}

function describePort(port: number, error: Error): string {
  switch (codeOf(error)) {
    case 'EADDRINUSE':
      return `Port ${port} is in use by another program. Stop it, or choose another port with --port.`;
    case 'EACCES':
      return `Port ${port} is not open to this user. Choose one above 1023 with --port.`;
    default:
      return `Port ${port} cannot be used: ${error.message}. Choose another with --port.`;
  }
}
