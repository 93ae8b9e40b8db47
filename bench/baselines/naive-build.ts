import { linesOf, openLines } from './lines.ts';

/**
 * The build of a plain script, line by line with JSON.parse, a Set of ids and JSON.stringify: `naive-build <input> <output>
 * <model>`. Our output must have the same bytes.
 */
const [input = '', output = '', model = ''] = process.argv.slice(2);
const seen = new Set<string>();
const out = openLines(output);
for await (const line of linesOf(input)) await out.write(JSON.stringify(toRequest(JSON.parse(line) as Row)));
await out.close();

interface Row {
  readonly custom_id: string;
  readonly prompt?: string;
  readonly body?: object;
}

function toRequest({ custom_id, prompt, body }: Row): object {
  if (seen.has(custom_id)) throw new Error(`${custom_id} is there twice.`);
  seen.add(custom_id);
  const own = body ?? { messages: [{ role: 'user', content: prompt }], model };
  return { custom_id, method: 'POST', url: '/v1/chat/completions', body: own };
}
