import type { NightshiftConfig } from '../../src/config/config.ts';
import type { Log } from '../../src/log.ts';
import type { Events } from './events.ts';
import type { Fire, MissedFires, Timetable } from './run-schedules.ts';
import type { ScheduleJournal } from './schedule-journal.ts';

export interface DeliverSchedules {
  readonly config: NightshiftConfig;
  readonly timetable: Timetable;
  readonly journal: ScheduleJournal;
  readonly events: Pick<Events, 'scheduled'>;
  readonly log: Log;
}

/** Delivers what is due, each time so that a crash loses none. */
export async function deliverDue(delivery: DeliverSchedules, now: number): Promise<void> {
  const due = delivery.timetable.due(now);
  await deliverAll(delivery, await delivery.journal.begin(due, now));
}

/** Delivers again what an earlier host did not get through: the same times are the same jobs, with the same files. */
export async function deliverBegun(delivery: DeliverSchedules): Promise<void> {
  await deliverAll(delivery, await delivery.journal.begun());
}

/**
 * Names what passed while no host ran, and delivers it where the configuration says so.
 * @param now this host's start
 */
export async function deliverMissed(delivery: DeliverSchedules, now: number): Promise<void> {
  const { config, journal, log } = delivery;
  const missed = await journal.missed();
  const runs = ({ schedule }: MissedFires): boolean => config.schedules?.[schedule]?.missed === 'run';
  for (const each of missed) log('schedule_missed', describeMissed(each, runs(each)));
  const fires = missed.filter(runs).flatMap((each) => each.fires);
  await deliverAll(delivery, await journal.begin(fires, now));
}

/** One that fails stays in the journal: the next host tries it again. */
async function deliverAll({ journal, events }: DeliverSchedules, fires: readonly Fire[]): Promise<void> {
  await Promise.all(
    fires.map(async (fire) => {
      if (await events.scheduled(fire)) await journal.end(fire);
    }),
  );
}

function describeMissed({ schedule, fires, more }: MissedFires, run: boolean) {
  const times = fires.map(({ time }) => new Date(time).toISOString());
  return { schedule, times: times.join(', '), count: times.length, more, run };
}
