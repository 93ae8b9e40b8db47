/** naive-build.ts <file> <out>: readline, JSON.parse, a Set of ids, JSON.stringify, as it is usually written. */
import { createReadStream, createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { once } from 'node:events';
import { tellUsage } from './tell-usage.ts';

tellUsage();

const [file = '', out = ''] = process.argv.slice(2);
const target = createWriteStream(out);
const ids = new Set<string>();
for await (const line of createInterface({ input: createReadStream(file) })) {
  const { custom_id, prompt } = JSON.parse(line) as { custom_id: string; prompt: string };
  if (ids.has(custom_id)) throw new Error(`${custom_id} is there twice.`);
  ids.add(custom_id);
  const body = { max_tokens: 64, messages: [{ role: 'user', content: prompt }], model: 'm' };
  const request = { custom_id, method: 'POST', url: '/v1/chat/completions', body };
  if (!target.write(`${JSON.stringify(request)}\n`)) await once(target, 'drain');
}
target.end();
await once(target, 'close');
