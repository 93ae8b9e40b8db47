import { race } from '../race.ts';
import type { Workload } from '../bench.ts';

/** The check whether an id has occurred before. */
export const uniqueIds: Workload = async (bench) => {
  const count = bench.size(2_000_000, 10_000_000);
  const program = bench.program('tasks/unique-ids');
  const { repetitions } = bench;
  const result = await race({
    repetitions,
    runners: [
      { name: 'nightshift', argv: [...program, String(count)] },
      { name: 'without ids', argv: [...program, '0'] },
      { name: 'Set', argv: [...bench.program('baselines/set-of-ids'), String(count)] },
    ],
    targets: [
      { ours: 'nightshift', above: 'without ids', rssMb: 150 },
      { ours: 'nightshift', against: 'Set', atLeast: 1 },
    ],
  });
  const notes = [...result.notes, 'A false duplicate would have ended the run.'];
  return {
    name: 'ids',
    title: 'Unique custom_ids',
    size: `${count.toLocaleString('en')} ids`,
    ...result,
    notes,
  };
};
