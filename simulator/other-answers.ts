import { png, wav } from './media.ts';

/** Bodies of the endpoints other than chat, responses and embeddings, which depend only on the request and its hash. */

type Body = Readonly<Record<string, unknown>>;

/** `/v1/completions`: one choice per prompt. */
export function completion(body: Body, hash: Buffer, answer: (prompt: string) => string): Body {
  const prompts: unknown[] = Array.isArray(body['prompt']) ? body['prompt'] : [body['prompt']];
  const choices = prompts.map((prompt, index) => ({
    index,
    text: answer(String(prompt)),
    logprobs: null,
    finish_reason: 'stop',
  }));
  const prompt_tokens = tokens(JSON.stringify(prompts));
  const completion_tokens = tokens(choices.map(({ text }) => text).join(''));
  return {
    id: `cmpl-${hash.toString('hex', 0, 8)}`,
    object: 'text_completion',
    created: 1_790_000_000,
    choices,
    usage: { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens },
  };
}

/** `/v1/images/generations`: squares of one colour. */
export function images({ n }: Body, hash: Buffer): Body {
  const count = typeof n === 'number' ? Math.min(10, Math.max(1, n)) : 1;
  const data = Array.from({ length: count }, (_, at) => ({
    b64_json: png(hash.subarray(3 * at)).toString('base64'),
  }));
  return { created: 1_790_000_000, data };
}

/** `/v1/audio/speech`: a tone. No provider documents the form of audio in a line; this is one possibility. */
export function speech(hash: Buffer): Body {
  const hertz = 200 + (hash[0] ?? 0);
  return { audio: wav(hertz).toString('base64'), format: 'wav' };
}

/** `/v1/rerank`: the documents in the order of descending scores. */
export function ranking({ documents, top_n, return_documents: shown, query }: Body, hash: Buffer): Body {
  const all: unknown[] = Array.isArray(documents) ? documents : [];
  const scored = all.map((document, index) => ({
    index,
    relevance_score: Number((((hash[index % hash.length] ?? 0) + 1) / 257).toFixed(6)),
    ...(shown === true && { document: { text: document } }),
  }));
  const results = scored.toSorted((a, b) => b.relevance_score - a.relevance_score);
  const total_tokens = tokens(JSON.stringify([query, documents]));
  return {
    id: `rerank-${hash.toString('hex', 0, 8)}`,
    results: results.slice(0, typeof top_n === 'number' ? top_n : results.length),
    usage: { total_tokens },
  };
}

function tokens(text: string): number {
  return Math.max(1, Math.ceil(text.length / 4));
}
