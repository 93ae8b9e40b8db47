import type { Clock } from '../../src/edges.ts';
import { inputAt, nextFire, type TemplateSchedule } from '../template/schedules.ts';

/** A scheduled time that is due. */
export interface Fire {
  readonly schedule: string;
  /** The scheduled time, milliseconds since 1970. */
  readonly time: number;
  /** ARN of the function. */
  readonly target: string;
  readonly input: unknown;
}

/** Missed times of a schedule, oldest first. */
export interface MissedFires {
  readonly schedule: string;
  readonly fires: readonly Fire[];
  /** True if there are more than listed. */
  readonly more: boolean;
}

/** Most missed times per schedule: enough for one per night of a month. */
const MAX_MISSED = 31;

/** Computes the due times of each schedule. Does no I/O except reading the clock. */
export class Timetable {
  readonly #schedules: readonly TemplateSchedule[];
  readonly #started: number;
  #fired: number;

  constructor(schedules: readonly TemplateSchedule[], clock: Clock) {
    this.#schedules = schedules;
    this.#started = clock.now();
    this.#fired = this.#started;
  }

  /** Next time of each schedule, milliseconds since 1970. */
  next(): { readonly name: string; readonly time: number }[] {
    return this.#schedules.flatMap((schedule) => {
      const time = nextFire(schedule, this.#fired);
      return time === undefined ? [] : [{ name: schedule.name, time }];
    });
  }

  /** All due times, including those that passed while the machine slept, up to {@link MAX_MISSED} per schedule. */
  due(now: number): Fire[] {
    const fires = this.#schedules.flatMap((schedule) => passed(schedule, this.#fired, now).fires);
    this.#fired = Math.max(now, this.#fired);
    return fires;
  }

  /**
   * Times that passed while no host was running, up to this host's start.
   * @param since by schedule, the time until which a host was running; a schedule that is not in it is new and missed nothing
   */
  missed(since: ReadonlyMap<string, number>): MissedFires[] {
    return this.#schedules
      .flatMap((schedule) => {
        const after = since.get(fingerprint(schedule));
        return after === undefined ? [] : [passed(schedule, after, this.#started)];
      })
      .filter(({ fires }) => fires.length > 0);
  }

  /** The delivery of a schedule for a time; undefined if the schedule no longer exists. */
  at(name: string, time: number): Fire | undefined {
    const schedule = this.#schedules.find((each) => each.name === name);
    return schedule && fireOf(schedule, time);
  }

  /** Identifies each schedule, so that a different one with the same name is noticed. */
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

/** Longest sleep, in milliseconds. Node's timers take at most 2^31 - 1 ms, and the clock may be changed. */
const LONGEST_SLEEP_MS = 60_000;

/** Fires the schedules at their times until it is disposed of. */
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
