import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { plainText } from '../../../src/fast-path/shapes/plain-text.ts';

const read = (bytes: Buffer): string | undefined =>
  plainText(Buffer.concat([Buffer.from('"'), bytes, Buffer.from('"')]), [1, 1 + bytes.length], 0);

const printable = fc
  .string({ unit: 'grapheme-ascii', maxLength: 200 })
  .map((text) => text.replaceAll('\\', '/'));

test('printable ASCII of any length is read as it is', () => {
  fc.assert(
    fc.property(printable, (text) => {
      expect(read(Buffer.from(text))).toBe(text);
    }),
  );
  for (const length of [0, 1, 63, 64, 65, 66, 1_000])
    expect(read(Buffer.alloc(length, 'a'))).toBe('a'.repeat(length));
});

test('a text with an escape, a control character or a byte beyond ASCII anywhere is not plain', () => {
  const other = fc.constantFrom(0x00, 0x0a, 0x1f, 0x5c, 0x7f, 0x80, 0xc3, 0xff);
  fc.assert(
    fc.property(printable, other, printable, (before, byte, after) => {
      expect(
        read(Buffer.concat([Buffer.from(before), Buffer.from([byte]), Buffer.from(after)])),
      ).toBeUndefined();
    }),
  );
});

test('a text does not change when the next one of the same length is read', () => {
  const first = read(Buffer.from('row-1'));
  read(Buffer.from('row-2'));
  expect(first).toBe('row-1');
});
