import type { OkLine } from '../checkpoints/result-line.ts';

/** An answer for people, in a table: its text, the names of its files, or its JSON. */
export function answerText(line: OkLine): string {
  const { text, refusal, files, output, embedding, embeddings, ranking, body } = line;
  if (typeof text === 'string') return text;
  if (refusal !== undefined) return refusal;
  if (files !== undefined) return files.join(', ');
  return JSON.stringify(output ?? embedding ?? embeddings ?? ranking ?? body ?? null);
}
