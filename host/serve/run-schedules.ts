import type { Clock } from '../../src/edges.ts';
import { inputAt, nextFire, type TemplateSchedule } from '../template/schedules.ts';

/** A schedule whose time has come. */
export interface Fire {
  readonly target: string;
  readonly input: unknown;
}

/** A month of nights that this machine slept through. */
const MAX_MISSED = 31;

/** Keeps the time of each schedule. Pure but for the clock. */
export class Timetable {
  readonly #schedules: readonly TemplateSchedule[];
  #fired: number;

  constructor(schedules: readonly TemplateSchedule[], clock: Clock) {
    this.#schedules = schedules;
    this.#fired = clock.now();
  }

  /** When each schedule fires next, milliseconds since 1970. */
  next(): { readonly name: string; readonly time: number }[] {
    return this.#schedules.flatMap((schedule) => {
      const time = nextFire(schedule, this.#fired);
      return time === undefined ? [] : [{ name: schedule.name, time }];
    });
  }

  /** What is due now, times that were slept through included, up to {@link MAX_MISSED} of each schedule. */
  due(now: number): Fire[] {
    const fires = this.#schedules.flatMap((schedule) =>
      this.#missed(schedule, now).map((time) => ({
        target: schedule.target,
        input: inputAt(schedule, time),
      })),
    );
    this.#fired = Math.max(now, this.#fired);
    return fires;
  }

  #missed(schedule: TemplateSchedule, now: number): number[] {
    const times: number[] = [];
    let after: number | undefined = this.#fired;
    while (times.length < MAX_MISSED) {
      after = nextFire(schedule, after);
      if (after === undefined || after > now) break;
      times.push(after);
    }
    return times;
  }
}

/** Timers of Node take at most 2^31 - 1 ms; and the clock may be set. */
const LONGEST_SLEEP_MS = 60_000;

/** Fires the schedules as their times come, until it is disposed of. */
export function runSchedules(timetable: Timetable, clock: Clock, fire: (due: Fire) => void): Disposable {
  let timer: NodeJS.Timeout | undefined;
  const sleep = (): void => {
    const times = timetable.next().map(({ time }) => time);
    if (times.length === 0) return;
    const milliseconds = Math.min(...times) - clock.now();
    timer = setTimeout(wake, Math.min(Math.max(milliseconds, 0), LONGEST_SLEEP_MS));
  };
  const wake = (): void => {
    for (const due of timetable.due(clock.now())) fire(due);
    sleep();
  };
  sleep();
  return { [Symbol.dispose]: () => clearTimeout(timer) };
}
