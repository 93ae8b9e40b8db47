import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import wabt from 'wabt';
import { PROJECT } from './project.ts';

const FOLDER = join(PROJECT, 'src/fast-path/shapes');

/** Assembles `scanner.wat`, and returns the module that contains its code. The same source gives the same code. */
export async function assembleScanner(): Promise<string> {
  const assembler = await wabt();
  const file = 'scanner.wat';
  const parsed = assembler.parseWat(file, await readFile(join(FOLDER, file), 'utf8'), { simd: true });
  try {
    parsed.resolveNames();
    parsed.validate();
    const code = Buffer.from(parsed.toBinary({}).buffer).toString('base64');
    return [
      '/** The code of `scanner.wat`, made by `npm run build:scanner`. */',
      `export const SCANNER_CODE =\n  '${code}';\n`,
    ].join('\n');
  } finally {
    parsed.destroy();
  }
}

if (import.meta.main) await writeFile(join(FOLDER, 'scanner-code.ts'), await assembleScanner());
