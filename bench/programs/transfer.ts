/** transfer.ts <up|down> <base URL> <file>: our client sends a file, or fetches one. */
import { createReadStream, statSync } from 'node:fs';
import { createProviderClient } from '../../src/provider/client.ts';
import { builtInDialect } from '../../src/provider/dialects/dialects.ts';
import { tellUsage } from './tell-usage.ts';

tellUsage();

const [direction, baseUrl = '', file = ''] = process.argv.slice(2);
const client = createProviderClient({
  settings: { name: 'bench', baseUrl, dialect: builtInDialect('melious') },
  apiKey: () => Promise.resolve('bench'),
});
if (direction === 'up') {
  const open = (): AsyncIterable<Buffer> =>
    createReadStream(file, { highWaterMark: 262_144 }) as AsyncIterable<Buffer>;
  await client.uploadFile({ name: 'x.jsonl', bytes: statSync(file).size, open });
} else {
  let bytes = 0;
  for await (const chunk of client.download('file-1')) bytes += chunk.length;
  if (bytes !== statSync(file).size) throw new Error(`It ends after ${bytes} bytes.`);
}
process.exit();
