import { z } from 'zod';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { readJson, writeJson } from '../../src/store/json.ts';
import type { Fire, MissedFires, Timetable } from './run-schedules.ts';

/** The folder of the journal below the data folder: the state of the schedules for the next host. */
const JOURNAL = '.schedules/';
const BEGUN = `${JOURNAL}begun/`;
const LOOKED = `${JOURNAL}looked.json`;

const begunSchema = z.object({ schedule: z.string(), time: z.number() });

/** The time until which a host was running, and its schedules. */
const lookedSchema = z.object({ time: z.number(), schedules: z.array(z.string()) });

/**
 * Records which schedules fired, across crashes. A time is recorded before its delivery and removed after it. If a host is killed
 * in between, the next host delivers the time again, as the same job.
 */
export class ScheduleJournal {
  readonly #store: ObjectStore;
  readonly #timetable: Timetable;
  /** Times whose record failed, for example because the disk is full. */
  readonly #unwritten: Fire[] = [];
  #writing: Promise<unknown> = Promise.resolve();

  constructor(store: ObjectStore, timetable: Timetable) {
    this.#store = store;
    this.#timetable = timetable;
  }

  /**
   * Records the due times, and that no other time was due up to now. Calls run in sequence.
   * @returns the times to deliver, including those of earlier failed calls
   */
  begin(fires: readonly Fire[], now: number): Promise<readonly Fire[]> {
    this.#unwritten.push(...fires);
    const written = this.#writing.then(() => this.#write(now));
    this.#writing = written.catch(() => undefined);
    return written;
  }

  async #write(now: number): Promise<readonly Fire[]> {
    const fires = [...this.#unwritten];
    for (const { schedule, time } of fires)
      await writeJson(this.#store, keyOf({ schedule, time }), { schedule, time });
    await writeJson(this.#store, LOOKED, { time: now, schedules: this.#timetable.fingerprints() });
    this.#unwritten.splice(0, fires.length);
    return fires;
  }

  /** Removes a delivered time. */
  end(fire: Fire): Promise<void> {
    return this.#store.delete(keyOf(fire));
  }

  /** Deliveries that an earlier host began. Times of removed schedules are dropped. */
  async begun(): Promise<Fire[]> {
    const fires: Fire[] = [];
    for await (const { key } of this.#store.list(BEGUN)) {
      const { schedule, time } = begunSchema.parse(await readJson(this.#store, key));
      const fire = this.#timetable.at(schedule, time);
      if (fire === undefined) await this.#store.delete(key);
      else fires.push(fire);
    }
    return fires;
  }

  /** Times that passed since an earlier host was running; empty in a folder without one. */
  async missed(): Promise<MissedFires[]> {
    const looked = lookedSchema.optional().parse(await readJson(this.#store, LOOKED));
    const since = (looked?.schedules ?? []).map((schedule) => [schedule, looked?.time ?? 0] as const);
    return this.#timetable.missed(new Map(since));
  }
}

function keyOf({ schedule, time }: Pick<Fire, 'schedule' | 'time'>): string {
  return `${BEGUN}${schedule}-${time}.json`;
}
