import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { assembleScanner } from '../../../build/assemble-scanner.ts';

test('the code of the scanner is what its source assembles to', async () => {
  const code = new URL('../../../src/fast-path/shapes/scanner-code.ts', import.meta.url);

  expect(await readFile(code, 'utf8'), 'after a change of scanner.wat: npm run build:scanner').toBe(
    await assembleScanner(),
  );
});
