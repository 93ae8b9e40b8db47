import { linesOf, openLines } from './lines.ts';

/**
 * The collect of a plain script, shard by shard: a Map of answers by custom_id, then the requests in order: `naive-collect
 * <results> (<requests> <output>)…`. Our output must have the same bytes.
 */
const [results = '', ...files] = process.argv.slice(2);
const out = openLines(results);
for (let shard = 0; shard < files.length; shard += 2) {
  const answers = new Map<string, string>();
  for await (const line of linesOf(files[shard + 1] ?? '')) {
    const answer = JSON.parse(line) as Answer;
    answers.set(answer.custom_id, JSON.stringify(toResult(answer)));
  }
  for await (const line of linesOf(files[shard] ?? '')) {
    await out.write(answers.get((JSON.parse(line) as Answer).custom_id) ?? 'missing');
  }
}
await out.close();

interface Answer {
  readonly custom_id: string;
  readonly response: { readonly body: Body };
}

interface Body {
  readonly model: string;
  readonly usage: object;
  readonly choices?: readonly {
    readonly message: { readonly content: string };
    readonly finish_reason: string;
  }[];
  readonly data?: readonly { readonly embedding: readonly number[] }[];
}

function toResult({ custom_id, response: { body } }: Answer): object {
  const { model, usage, choices, data } = body;
  const [choice] = choices ?? [];
  const shown =
    choice === undefined
      ? { embedding: data?.[0]?.embedding }
      : { text: choice.message.content, finish_reason: choice.finish_reason };
  return { custom_id, ok: true, ...shown, model, usage, round: 1 };
}
