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

/** Delivers due times. Each is recorded first, so that a crash loses none. */
export async function deliverDue(delivery: DeliverSchedules, now: number): Promise<void> {
  const due = delivery.timetable.due(now);
  await deliverAll(delivery, await delivery.journal.begin(due, now));
}

/** Repeats deliveries that an earlier host began. A repeated delivery starts the same job with the same files. */
export async function deliverBegun(delivery: DeliverSchedules): Promise<void> {
  await deliverAll(delivery, await delivery.journal.begun());
}

/**
 * Reports times that passed while no host was running, and delivers them if the configuration says so.
 * @param now start time of this host
 */
export async function deliverMissed(delivery: DeliverSchedules, now: number): Promise<void> {
  const { config, journal, log } = delivery;
  const missed = await journal.missed();
  const runs = ({ schedule }: MissedFires): boolean => config.schedules?.[schedule]?.missed === 'run';
  for (const each of missed) log('schedule_missed', describeMissed(each, runs(each)));
  const fires = missed.filter(runs).flatMap((each) => each.fires);
  await deliverAll(delivery, await journal.begin(fires, now));
}

/** Delivers times. A failed delivery stays in the journal, and the next host repeats it. */
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
