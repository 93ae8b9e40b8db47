import { statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createProviderClient } from '../../src/provider/client.ts';
import { openStore } from '../../src/store/open-store.ts';
import { makeJob } from './make-job.ts';

/** Uploads a shard, or downloads an output file: `transfer up <base URL> <file>` or `transfer down <base URL> <file id>`. */
const [direction, baseUrl = '', what = ''] = process.argv.slice(2);
const settings = { ...makeJob('input/a.jsonl', {}).profile.provider, baseUrl };
const provider = createProviderClient({ settings, apiKey: () => Promise.resolve('bench') });

if (direction === 'up') {
  const store = openStore(pathToFileURL(dirname(what)).href);
  const name = basename(what);
  await provider.uploadFile({ name, bytes: statSync(what).size, open: () => read(store, name) });
} else {
  let bytes = 0;
  for await (const chunk of provider.download(what)) bytes += chunk.length;
  if (bytes === 0) throw new Error('Nothing came.');
}
await provider.close();

async function* read(store: ReturnType<typeof openStore>, key: string): AsyncGenerator<Buffer> {
  const object = await store.open(key);
  if (object === undefined) throw new Error(`There is no ${key}.`);
  yield* object.body;
}
