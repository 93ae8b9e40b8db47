import { customId } from './inputs.ts';
import { createRandom, createTexts, shuffled } from './random.ts';

/** Provider output files for rows from `first` on, in random order, as providers send them. */

const ANSWER_LENGTH = 820;

/** About 1.27 KB per line. */
export function* chatOutput(first: number, rows: number): Generator<string> {
  const random = createRandom(first + 5);
  const text = createTexts(random);
  for (const row of shuffled(rows, random)) {
    const tokens = 100 + (row % 200);
    yield JSON.stringify({
      id: `batch_req_${first + row}`,
      custom_id: customId(first + row),
      response: {
        status_code: 200,
        request_id: `req_${first + row}`,
        body: {
          id: `chatcmpl-${first + row}`,
          object: 'chat.completion',
          created: 1_790_000_000,
          model: 'glm-4.7',
          choices: [
            {
              index: 0,
              message: { role: 'assistant', content: text(ANSWER_LENGTH) },
              finish_reason: 'stop',
              logprobs: null,
            },
          ],
          usage: { prompt_tokens: 70, completion_tokens: tokens, total_tokens: 70 + tokens },
        },
      },
      error: null,
    });
  }
}

const DIMENSIONS = 1_024;
/** Number of different vectors, which the lines use in turn. */
const VECTORS = 97;

/** 1,024 numbers, about 14 KB, per line. */
export function* embeddingOutput(first: number, rows: number): Generator<string> {
  const random = createRandom(first + 6);
  const vectors = Array.from({ length: VECTORS }, () => {
    const numbers = Array.from({ length: DIMENSIONS }, () => Number((random() - 0.5).toFixed(10)));
    return `[${numbers.join(',')}]`;
  });
  for (const row of shuffled(rows, random)) {
    const head = `{"id":"batch_req_${first + row}","custom_id":"${customId(first + row)}"`;
    const data = `[{"object":"embedding","index":0,"embedding":${vectors[row % VECTORS]}}]`;
    const usage = '{"prompt_tokens":50,"total_tokens":50}';
    yield `${head},"response":{"status_code":200,"request_id":"r","body":{"object":"list","data":${data},"model":"bge-m3","usage":${usage}}},"error":null}`;
  }
}
