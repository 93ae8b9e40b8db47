import { writeFile } from 'node:fs/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BatchLines } from '../../simulator/batch-lines.ts';
import { SimulatorState } from '../../simulator/state.ts';
import { openTempFolder } from '../support/temp-folder.ts';

test('lines are read in any order, whatever their lengths and line ends', async () => {
  const state = new SimulatorState({ folder: await openTempFolder(), isKept: false, seed: 1 });
  const text = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 20 }),
    fc.integer({ min: 60_000, max: 140_000 }).map((length) => 'ü'.repeat(length / 2)),
  );
  const row = fc.record({ text, end: fc.constantFrom('\n', '\r\n', '\n\n', '\n \t\n') });
  await fc.assert(
    fc.asyncProperty(fc.array(row, { maxLength: 8 }), fc.boolean(), async (rows, hasBom) => {
      const lines = rows.map(({ text: said }, n) => JSON.stringify({ custom_id: `q${n}`, said }));
      const ends = rows.map(({ end }) => end);
      const file = lines.map((line, n) => `${line}${ends[n]}`).join('');
      await writeFile(state.contentPath('input'), `${hasBom ? '\uFEFF' : ''}${file}`);

      using read = await BatchLines.open(state, 'input', rows.length + 1);

      const ordinals = [...lines.keys()].toReversed();
      expect(read.size).toBe(lines.length);
      expect(ordinals.map((ordinal) => read.text(ordinal))).toEqual(lines.toReversed());
    }),
    { numRuns: 50 },
  );
});
