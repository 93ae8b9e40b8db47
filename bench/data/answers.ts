/** The result line of a row, about 300 bytes. */
export function answerLine(customId: string): string {
  const text = `An answer to ${customId}. `.repeat(6);
  const usage = { prompt_tokens: 60, completion_tokens: 40, total_tokens: 100 };
  const answer = { text, finish_reason: 'stop', model: 'glm-4.7', usage };
  return `${JSON.stringify({ custom_id: customId, ok: true, ...answer, round: 1 })}\n`;
}
