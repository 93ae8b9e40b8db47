import { roundPartKey, type RoundRef } from '../../../checkpoints/keys.ts';
import { lateObject, type Download, type Late } from '../../../checkpoints/round/late.ts';
import type { Edges } from '../../../edges.ts';
import { StepTimedOut } from '../../../errors.ts';
import { Pace, type StepTime } from '../../../pace.ts';
import { InFlight } from '../../../concurrency/in-flight.ts';
import type { ObjectStore, ObjectWriter } from '../../../store/object-store.ts';

/** This call of the step has run short of time: its progress is saved, and another call continues. */
export class GoesOnLater extends Error {
  override readonly name = 'GoesOnLater';
}

/** Time between two checks while no bytes arrive, in milliseconds. */
const LOOK_MS = 1_000;

/** The downloads of a round at one look, carried from one call of the step to the next. */
export class Downloads implements AsyncDisposable {
  /** True if an earlier look found less than the batch promised, so that stored files are downloaded again. */
  readonly isLate: boolean;
  readonly #edges: Pick<Edges, 'store' | 'time'>;
  readonly #round: RoundRef;
  readonly #known: Map<string, Download>;
  readonly #pace: Pace;
  /** True if a file of this call is shorter than promised. */
  #isShort = false;
  /** Files that are being completed. */
  readonly #completing = new InFlight();

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

  /** The saved progress of a file; undefined if there is none, or it does not match the stored bytes. */
  async find(key: string, fileId: string): Promise<Download | undefined> {
    const known = this.#known.get(key);
    if (known?.fileId !== fileId) return undefined;
    const { store } = this.#edges;
    const first = await store.stat(key);
    // The call that joined the parts ended before it could record this.
    if (known.isWhole === true && first?.bytes === sizeOf(known)) return { ...known, parts: [first.bytes] };
    for (const [n, bytes] of known.parts.entries()) {
      const found = n === 0 ? first : await store.stat(roundPartKey(key, n + 1));
      if (found?.bytes !== bytes) return undefined;
    }
    return known;
  }

  /** True if an earlier call has begun to download the file. */
  isBegun(key: string): boolean {
    return this.#known.has(key);
  }

  /** Keeps progress for the next call; it is saved when this call stops. */
  keep(key: string, download: Download): void {
    this.#known.set(key, download);
  }

  async save(): Promise<void> {
    await this.stored();
    const isLate = this.isLate || this.#isShort;
    const downloads = Object.fromEntries(this.#known);
    await lateObject.write(this.#edges.store, this.#round, { isLate, downloads });
  }

  /** Records that a file is shorter than promised. Call it before the file is stored. */
  async noteShort(): Promise<void> {
    this.#isShort = true;
    await this.save();
  }

  /** Completes a file in the store while others are read. {@link stored} waits for it. */
  complete(writer: ObjectWriter): void {
    this.#completing.start(async () => {
      try {
        await writer.close();
      } catch (error) {
        await writer.abort();
        throw error;
      }
    });
  }

  /**
   * Waits until all files are in the store.
   * @throws the error of a file that could not be stored
   */
  async stored(): Promise<void> {
    await this.#completing.settle();
    this.#completing.throwFailure();
  }

  /** Waits until nothing is written any more, also after a failure. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#completing.settle();
  }

  /** Records that bytes arrived. */
  did(): void {
    this.#pace.did();
  }

  get mustStop(): boolean {
    return this.#pace.mustStop;
  }

  /** Leaves the rest to another call if too little time may be left to read the downloaded file. */
  async rest(): Promise<void> {
    if (!this.mustStop) return;
    await this.save();
    throw new GoesOnLater();
  }

  /**
   * Checks that the step has time left.
   * @throws StepTimedOut when the step's time is nearly over
   */
  checkTime(doing: string): void {
    rejectOver(this.#edges.time, this.#round, doing);
  }

  /**
   * Aborts when time is short, even while a provider sends nothing. A download that another call would have to restart may use
   * all of the time.
   * @param mayStop returns true if another call could continue at this point
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

/**
 * Checks that the step has time left.
 * @throws StepTimedOut when the step's time is nearly over
 */
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

/** Bytes of a file that are stored. */
export const sizeOf = ({ parts }: Pick<Download, 'parts'>): number =>
  parts.reduce((sum, bytes) => sum + bytes, 0);

/** Joins the parts of a file under the file's own key. Repeating it changes nothing, even while another call does the same. */
export async function joinParts(
  store: ObjectStore,
  key: string,
  { parts }: Pick<Download, 'parts'>,
): Promise<void> {
  const keys = parts.map((_, n) => (n === 0 ? key : roundPartKey(key, n + 1)));
  if (keys.length > 1) await store.concat(key, keys, parts);
}
