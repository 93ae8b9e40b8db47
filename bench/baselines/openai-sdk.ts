import { createReadStream } from 'node:fs';
import OpenAI from 'openai';

/**
 * The transfers of `bench/tasks/transfer.ts` through OpenAI's SDK: `openai-sdk up <base URL> <file>` or `openai-sdk down <base
 * URL> <file id>`.
 */
const [direction, baseURL = '', what = ''] = process.argv.slice(2);
const client = new OpenAI({ baseURL, apiKey: 'bench', maxRetries: 0 });

if (direction === 'up') {
  await client.files.create({ file: createReadStream(what), purpose: 'batch' });
} else {
  const { body } = await client.files.content(what);
  let bytes = 0;
  for await (const chunk of body ?? []) bytes += (chunk as Uint8Array).length;
  if (bytes === 0) throw new Error('Nothing came.');
}
