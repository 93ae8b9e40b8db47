/** transfer-openai.ts <up|down> <base URL> <file>: the official SDK doing the same. */
import { createReadStream, statSync } from 'node:fs';
import OpenAI from 'openai';
import { tellUsage } from './tell-usage.ts';

tellUsage();

const [direction, baseURL = '', file = ''] = process.argv.slice(2);
const client = new OpenAI({ apiKey: 'bench', baseURL });
if (direction === 'up') {
  await client.files.create({ file: createReadStream(file), purpose: 'batch' });
} else {
  const response = await client.files.content('file-1');
  let bytes = 0;
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) bytes += chunk.byteLength;
  if (bytes !== statSync(file).size) throw new Error(`It ends after ${bytes} bytes.`);
}
process.exit();
