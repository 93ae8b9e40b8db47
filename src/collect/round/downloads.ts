import { roundPartKey, type RoundRef } from '../../checkpoints/keys.ts';
import { lateObject, type Download, type Late } from '../../checkpoints/late.ts';
import type { Edges } from '../../edges.ts';
import { StepTimedOut } from '../../errors.ts';
import { Pace, type StepTime } from '../../pace.ts';
import type { ObjectStore } from '../../store/object-store.ts';

/** This call of the step has run short of time: what it has is saved, and another call goes on. */
export class GoesOnLater extends Error {
  override readonly name = 'GoesOnLater';
}

/** Between two looks at the time, while nothing comes. */
const LOOK_MS = 1_000;

/** The downloads of one look at a round, from one call of its step to the next. */
export class Downloads {
  /** An earlier look found less than the batch promised: what it stored is downloaded anew. */
  readonly isLate: boolean;
  readonly #edges: Pick<Edges, 'store' | 'time'>;
  readonly #round: RoundRef;
  readonly #known: Map<string, Download>;
  readonly #pace: Pace;
  /** A file that was downloaded now is shorter than it was promised to be. */
  #isShort = false;

  private constructor(edges: Pick<Edges, 'store' | 'time'>, round: RoundRef, late: Late | undefined) {
    this.#edges = edges;
    this.#round = round;
    this.#known = new Map(Object.entries(late?.downloads ?? {}));
    this.#pace = new Pace(edges.time);
    this.isLate = late?.isLate === true;
  }

  static async open(edges: Pick<Edges, 'store' | 'time'>, round: RoundRef): Promise<Downloads> {
    return new Downloads(edges, round, await lateObject.read(edges.store, round));
  }

  /** What an earlier call has saved of the file; undefined when nothing is, or not as it was saved. */
  async find(key: string, fileId: string): Promise<Download | undefined> {
    const known = this.#known.get(key);
    if (known?.fileId !== fileId) return undefined;
    const { store } = this.#edges;
    const first = await store.stat(key);
    // The call that joined the parts ended before it could say so.
    if (known.isWhole === true && first?.bytes === sizeOf(known)) return { ...known, parts: [first.bytes] };
    for (const [n, bytes] of known.parts.entries()) {
      const found = n === 0 ? first : await store.stat(roundPartKey(key, n + 1));
      if (found?.bytes !== bytes) return undefined;
    }
    return known;
  }

  /** An earlier call has begun to download the file. */
  isBegun(key: string): boolean {
    return this.#known.has(key);
  }

  /** For the next call; saved once this one stops. */
  keep(key: string, download: Download): void {
    this.#known.set(key, download);
  }

  async save(): Promise<void> {
    const isLate = this.isLate || this.#isShort;
    const downloads = Object.fromEntries(this.#known);
    await lateObject.write(this.#edges.store, this.#round, { isLate, downloads });
  }

  /** Before a file is stored that is shorter than it was promised to be. */
  async noteShort(): Promise<void> {
    this.#isShort = true;
    await this.save();
  }

  /** Some bytes came. */
  did(): void {
    this.#pace.did();
  }

  get mustStop(): boolean {
    return this.#pace.mustStop;
  }

  /** Another call reads what this one has downloaded, if there may be too little time left for it. */
  async rest(): Promise<void> {
    if (!this.mustStop) return;
    await this.save();
    throw new GoesOnLater();
  }

  /** @throws StepTimedOut when the step is about to be ended from outside */
  checkTime(doing: string): void {
    rejectOver(this.#edges.time, this.#round, doing);
  }

  /**
   * Aborts when time is short, also while a provider sends nothing; a download that another call would have to begin anew has until
   * the time is over.
   * @param mayStop whether another call could go on where this one is
   */
  watch(mayStop: () => boolean): Watch {
    const { time } = this.#edges;
    const short = new AbortController();
    if (time === undefined) return { signal: short.signal, [Symbol.dispose]: () => undefined };
    const timer = setInterval(() => {
      if (mayStop() ? this.mustStop : time.isOver()) short.abort();
    }, LOOK_MS);
    return { signal: short.signal, [Symbol.dispose]: () => clearInterval(timer) };
  }
}

/** @throws StepTimedOut when the step is about to be ended from outside */
export function rejectOver(
  time: StepTime | undefined,
  { jobId, shard, round }: RoundRef,
  doing: string,
): void {
  if (time?.isOver() !== true) return;
  throw new StepTimedOut(
    `Shard ${shard}, round ${round} of job ${jobId}: the time of the step ran out while it ${doing}.`,
  );
}

interface Watch extends Disposable {
  readonly signal: AbortSignal;
}

/** Bytes of a file that are in the store. */
export const sizeOf = ({ parts }: Pick<Download, 'parts'>): number =>
  parts.reduce((sum, bytes) => sum + bytes, 0);

/** Makes one object of a file's parts, under the file's own key. */
export async function joinParts(
  store: ObjectStore,
  key: string,
  { parts }: Pick<Download, 'parts'>,
): Promise<void> {
  const keys = parts.map((_, n) => (n === 0 ? key : roundPartKey(key, n + 1)));
  if (keys.length > 1) await store.concat(key, keys);
}
