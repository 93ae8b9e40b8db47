import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { race, type Runner } from '../../bench/race.ts';
import { openTempFolder } from '../support/temp-folder.ts';

/** A program that writes a file. */
function writer(name: string, file: string, text: string): Runner {
  const script = 'fs.writeFileSync(process.argv[1], process.argv[2])';
  return { name, argv: [process.execPath, '-e', script, file, text], outputs: async () => [file] };
}

describe('a race', () => {
  test('reports when all programs wrote the same bytes', async () => {
    const folder = await openTempFolder();
    const runners = [writer('a', join(folder, 'a'), 'same'), writer('b', join(folder, 'b'), 'same')];

    const { notes, contestants, comparisons } = await race({
      runners,
      repetitions: 2,
      targets: [
        { ours: 'a', against: 'b', atMost: 1 },
        { ours: 'a', against: 'not there', atMost: 1 },
      ],
    });

    expect(notes.join()).toContain('a, b wrote the same bytes');
    expect(contestants.map(({ name }) => name)).toEqual(['a', 'b']);
    expect(comparisons.map(({ ours, against }) => `${ours} / ${against}`)).toEqual(['a / b']);
  });

  test('runs every second turn backwards', async () => {
    const order: string[] = [];
    const runners = ['a', 'b'].map((name) => ({
      name,
      argv: [process.execPath, '-e', ''],
      before: async () => void order.push(name),
    }));

    await race({ runners, repetitions: 3, targets: [] });

    expect(order.join('')).toBe('abbaab');
  });

  test('fails when a program wrote other bytes', async () => {
    const folder = await openTempFolder();
    const runners = [writer('a', join(folder, 'a'), 'one'), writer('b', join(folder, 'b'), 'two')];

    await expect(race({ runners, repetitions: 1, targets: [] })).rejects.toThrow(
      '"a" and "b" wrote different bytes',
    );
  });

  test('fails with the last output of a program that fails', async () => {
    const runners = [
      { name: 'a', argv: [process.execPath, '-e', 'console.error("oh no"); process.exit(3)'] },
    ];

    await expect(race({ runners, repetitions: 1, targets: [] })).rejects.toThrow(/ended with 3: oh no/);
  });
});
