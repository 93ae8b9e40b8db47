import type { Clock } from '../../src/edges.ts';
import { inputAt, nextFire, type TemplateSchedule } from '../template/schedules.ts';

/** A schedule whose time has come. */
export interface Fire {
  readonly schedule: string;
  /** What it fires for, milliseconds since 1970. */
  readonly time: number;
  /** ARN of the function. */
  readonly target: string;
  readonly input: unknown;
}

/** Times of a schedule that passed, the oldest first. */
export interface MissedFires {
  readonly schedule: string;
  readonly fires: readonly Fire[];
  /** Whether there are more than are named. */
  readonly more: boolean;
}

/** A month of nights that this machine slept through. */
const MAX_MISSED = 31;

/** Keeps the time of each schedule. Pure but for the clock. */
export class Timetable {
  readonly #schedules: readonly TemplateSchedule[];
  readonly #started: number;
  #fired: number;

  constructor(schedules: readonly TemplateSchedule[], clock: Clock) {
    this.#schedules = schedules;
    this.#started = clock.now();
    this.#fired = this.#started;
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
    const fires = this.#schedules.flatMap((schedule) => passed(schedule, this.#fired, now).fires);
    this.#fired = Math.max(now, this.#fired);
    return fires;
  }

  /**
   * What fired while no host ran, up to this host's start.
   * @param since by schedule: up to when a host looked; a schedule that is not in it is new, and missed nothing
   */
  missed(since: ReadonlyMap<string, number>): MissedFires[] {
    return this.#schedules
      .flatMap((schedule) => {
        const after = since.get(fingerprint(schedule));
        return after === undefined ? [] : [passed(schedule, after, this.#started)];
      })
      .filter(({ fires }) => fires.length > 0);
  }

  /** A schedule at a time; undefined when there is no such schedule any more. */
  at(name: string, time: number): Fire | undefined {
    const schedule = this.#schedules.find((each) => each.name === name);
    return schedule && fireOf(schedule, time);
  }

  /** What tells each schedule from another one of its name. */
  fingerprints(): string[] {
    return this.#schedules.map(fingerprint);
  }
}

function passed(schedule: TemplateSchedule, after: number, until: number): MissedFires {
  const fires: Fire[] = [];
  for (let from = after; ;) {
    const time = nextFire(schedule, from);
    const over = time === undefined || time > until;
    if (over || fires.length === MAX_MISSED) return { schedule: schedule.name, fires, more: !over };
    fires.push(fireOf(schedule, time));
    from = time;
  }
}

function fireOf(schedule: TemplateSchedule, time: number): Fire {
  return { schedule: schedule.name, time, target: schedule.target, input: inputAt(schedule, time) };
}

function fingerprint({ name, expression, timezone }: TemplateSchedule): string {
  return `${name} ${expression} ${timezone}`;
}

/** Timers of Node take at most 2^31 - 1 ms; and the clock may be set. */
const LONGEST_SLEEP_MS = 60_000;

/** Fires the schedules as their times come, until it is disposed of. */
export function runSchedules(timetable: Timetable, clock: Clock, fire: (now: number) => void): Disposable {
  let timer: NodeJS.Timeout | undefined;
  const sleep = (): void => {
    const times = timetable.next().map(({ time }) => time);
    if (times.length === 0) return;
    const milliseconds = Math.min(...times) - clock.now();
    timer = setTimeout(wake, Math.min(Math.max(milliseconds, 0), LONGEST_SLEEP_MS));
  };
  const wake = (): void => {
    fire(clock.now());
    sleep();
  };
  sleep();
  return { [Symbol.dispose]: () => clearTimeout(timer) };
}
