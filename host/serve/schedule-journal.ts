import { z } from 'zod';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { readJson, writeJson } from '../../src/store/json.ts';
import type { Fire, MissedFires, Timetable } from './run-schedules.ts';

/** Below the data folder: what the next host must know of this one's schedules. */
const JOURNAL = '.schedules/';
const BEGUN = `${JOURNAL}begun/`;
const LOOKED = `${JOURNAL}looked.json`;

const begunSchema = z.object({ schedule: z.string(), time: z.number() });

/** Up to when the times of which schedules were seen to. */
const lookedSchema = z.object({ time: z.number(), schedules: z.array(z.string()) });

/**
 * Remembers across crashes which schedules fired. A time is written down before it is delivered and crossed out
 * afterwards: a host that dies in between leaves it to the next one, which delivers it again as the same job.
 */
export class ScheduleJournal {
  readonly #store: ObjectStore;
  readonly #timetable: Timetable;
  /** Not written down yet, or not whole: the disk was full, for instance. */
  readonly #unwritten: Fire[] = [];
  #writing: Promise<unknown> = Promise.resolve();

  constructor(store: ObjectStore, timetable: Timetable) {
    this.#store = store;
    this.#timetable = timetable;
  }

  /**
   * Writes down what fires, and that nothing else did up to now; one call after the other.
   * @returns what may be delivered, with that of calls that failed before
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

  /** Crosses out a time that was delivered. */
  end(fire: Fire): Promise<void> {
    return this.#store.delete(keyOf(fire));
  }

  /** What an earlier host began to deliver. Times of schedules that are gone are crossed out. */
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

  /** What passed since an earlier host looked; nothing on a folder that had none. */
  async missed(): Promise<MissedFires[]> {
    const looked = lookedSchema.optional().parse(await readJson(this.#store, LOOKED));
    const since = (looked?.schedules ?? []).map((schedule) => [schedule, looked?.time ?? 0] as const);
    return this.#timetable.missed(new Map(since));
  }
}

function keyOf({ schedule, time }: Pick<Fire, 'schedule' | 'time'>): string {
  return `${BEGUN}${schedule}-${time}.json`;
}
