import type { OkLine } from './job.ts';

/** An answer as people read it in a table: its text, the names of its files, or its JSON. */
export function answerText({ text, files, embedding, embeddings, ranking, body }: OkLine): string {
  if (typeof text === 'string') return text;
  if (files !== undefined) return files.join(', ');
  return JSON.stringify(embedding ?? embeddings ?? ranking ?? body ?? null);
}
