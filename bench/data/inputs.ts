import { createRandom, createTexts } from './random.ts';

/** Input files: rows of about 300 bytes. */

const PROMPT_LENGTH = 250;
export const MODEL = 'glm-4.7:batch';

export const customId = (row: number): string => `row-${String(row).padStart(9, '0')}`;

/** `{"custom_id": …, "prompt": …}` */
export function* promptLines(rows: number): Generator<string> {
  const text = createTexts(createRandom(1));
  for (let row = 0; row < rows; row += 1) {
    yield JSON.stringify({ custom_id: customId(row), prompt: text(PROMPT_LENGTH) });
  }
}

/** Rows that are already request lines. */
export function* requestLines(rows: number): Generator<string> {
  const text = createTexts(createRandom(2));
  for (let row = 0; row < rows; row += 1) yield JSON.stringify(chatRequest(customId(row), text(170)));
}

/** A table with a product and a review; every tenth review has a line break. */
export function* csvLines(rows: number): Generator<string> {
  const text = createTexts(createRandom(3));
  yield 'custom_id,product,review';
  for (let row = 0; row < rows; row += 1) {
    const review = `${text(120)}${row % 10 === 0 ? '\n' : ' '}${text(120)}`;
    yield `${customId(row)},Barrel ${row % 97},"${review.replaceAll('"', '""')}"`;
  }
}

/** The prompt of a row of the table, used by the profile and by the baselines. */
export const CSV_PROMPT = 'Product: {{product}}\nReview: {{review}}';

export function* embeddingLines(rows: number): Generator<string> {
  const text = createTexts(createRandom(4));
  for (let row = 0; row < rows; row += 1)
    yield JSON.stringify({ custom_id: customId(row), input: text(200) });
}

function chatRequest(custom_id: string, prompt: string): object {
  const body = { messages: [{ role: 'user', content: prompt }], model: MODEL };
  return { custom_id, method: 'POST', url: '/v1/chat/completions', body };
}
