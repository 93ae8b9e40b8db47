import { describe, expect, test } from 'vitest';
import type { Fault } from '../../simulator/faults.ts';
import type { OkLine } from '../../src/checkpoints/result-line.ts';
import { fileKey } from '../../src/checkpoints/keys.ts';
import { openWorld, type Ended, type World } from './world.ts';

const lines = (rows: readonly unknown[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('');

function answers({ results, summary }: Ended): readonly OkLine[] {
  expect(summary).toMatchObject({ status: 'succeeded', errors: [] });
  return results.filter((line) => line.ok);
}

async function fileOf(world: World, { jobId }: Ended, name: string | undefined): Promise<Buffer | undefined> {
  return world.store.get(fileKey(jobId, (name ?? '').replace('files/', '')));
}

/** A provider whose batches support any endpoint. */
const openAny = (...faults: Fault[]): Promise<World> => openWorld({ dialect: 'litellm', faults });
const ANY = { provider: 'litellm-simulator', model: 'm' };

describe('a job can ask for', () => {
  test('completions', async () => {
    const world = await openAny();

    const ended = await world.run(
      lines([{ custom_id: 'a', prompt: 'echo:one' }, { prompt: ['echo:x', 'echo:y'] }]),
      {
        ...ANY,
        endpoint: '/v1/completions',
      },
    );

    const [one, many] = answers(ended);
    expect(one).toMatchObject({ custom_id: 'a', text: 'one', finish_reason: 'stop' });
    expect(many?.body).toMatchObject({ choices: [{ text: 'x' }, { text: 'y' }] });
  });

  test('responses', async () => {
    const world = await openAny();

    const ended = await world.run(
      lines([{ prompt: 'echo:one' }, { input: 'echo:two', system: 'Be brief.' }]),
      {
        ...ANY,
        endpoint: '/v1/responses',
      },
    );

    expect(answers(ended).map(({ text }) => text)).toEqual(['one', 'two']);
    expect(ended.summary.usage.outputTokens).toBeGreaterThan(0);
  });

  test('for ranked documents', async () => {
    const world = await openAny();

    const ended = await world.run(lines([{ query: 'fish', documents: ['herring', 'salt'], top_n: 1 }]), {
      ...ANY,
      endpoint: '/v1/rerank',
    });

    expect(answers(ended)[0]?.ranking).toEqual([
      { index: expect.any(Number) as number, relevance_score: expect.any(Number) as number },
    ]);
  });

  test('for images, which are files beside the results, also from later rounds', async () => {
    const world = await openAny({
      at: 'row',
      ids: ['Two'],
      action: { kind: 'error', code: '500', status: 500 },
      times: 1,
    });

    const ended = await world.run(
      lines([
        { custom_id: 'one', prompt: 'A cog' },
        { custom_id: 'Two', prompt: 'A kontor', n: 2 },
      ]),
      { ...ANY, endpoint: '/v1/images/generations' },
    );

    const [one, two] = answers(ended);
    expect(one).toMatchObject({ files: ['files/one.png'], round: 1 });
    expect(one).not.toHaveProperty('body.data');
    expect(two?.files).toEqual([
      expect.stringMatching(/^files\/two~[0-9a-f]{16}\.png$/),
      expect.stringMatching(/^files\/two~[0-9a-f]{16}~2\.png$/),
    ]);
    for (const name of [...(one?.files ?? []), ...(two?.files ?? [])]) {
      const png = await fileOf(world, ended, name);
      expect(png?.toString('latin1', 0, 8)).toBe('\x89PNG\r\n\x1a\n');
    }
  });

  test('for speech, which is in files beside the results, or in the body if the profile says so', async () => {
    const world = await openAny();
    const rows = lines([{ custom_id: 'moin', prompt: 'Moin.', voice: 'alloy' }]);
    const profile = { ...ANY, endpoint: '/v1/audio/speech' };

    const ended = await world.run(rows, profile);
    const whole = await world.run(rows, { ...profile, resultShape: 'body', name: 'whole.jsonl' });

    expect(answers(ended)[0]).toMatchObject({ files: ['files/moin.wav'] });
    const wav = await fileOf(world, ended, 'files/moin.wav');
    expect(wav?.toString('latin1', 0, 4)).toBe('RIFF');
    const [line] = answers(whole);
    expect(line).not.toHaveProperty('files');
    expect(line?.body).toMatchObject({ audio: wav?.toString('base64') });
  });
});
