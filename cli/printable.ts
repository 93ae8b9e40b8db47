/** What a model, a provider or a file says is not to move the cursor or colour the terminal. */
export function printable(text: string): string {
  return text.replace(/\s+/g, ' ').replace(/[\p{Cc}\p{Cf}]/gu, '·');
}
