import { expect } from 'vitest';
import type { Exited } from './spawn-cli.ts';

/** Hides text, sets a title, clears the screen (C1), deletes, reorders, isolates, has invisible and tag characters, and ends a line in four ways. */
export const EVIL =
  '\u001b[8mA\u001b]0;t\u0007\u009b2JB\u007f\u202eC\u2066D\u200b\u{e0041}\u0085\u2028\u2029\r\u0008E';

/** Control characters, except line ends and tabs. */
const OBEYED = /(?![\n\t])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

/** Styles that the command line itself writes. */
const STYLES = new RegExp(`${String.fromCharCode(27)}\\[(?:1|2|22|31|32|33|36|39)m`, 'g');

/** Fails if the output has a character that a terminal would act on. */
export function expectText({ stdout, stderr }: Omit<Exited, 'status'>, isStyled = false): void {
  const text = `${stdout}${stderr}`;
  const plain = isStyled ? text.replaceAll(STYLES, '') : text;
  expect(OBEYED.exec(plain)?.[0]).toBeUndefined();
}
