import { readFollowLine } from '../../reuse/follow-line.ts';
import type { ResultBlocks, SettledRow } from '../../reuse/result-blocks.ts';

/**
 * The lines of rows that answer for others, by their positions in the job. The rows of a pilot's shards stand behind all rows of
 * the job: each has the lines of the row that it was taken from.
 */
export class LeadingRows {
  readonly #rows: number;
  readonly #own: ResultBlocks;
  readonly #pilot: ResultBlocks;

  /** @param rows of the job */
  constructor(rows: number, own: ResultBlocks, pilot: ResultBlocks) {
    this.#rows = rows;
    this.#own = own;
    this.#pilot = pilot;
  }

  /** Whether a position is that of a row in a pilot's shard. */
  isPilot(position: number): boolean {
    return position >= this.#rows;
  }

  bytesOf(position: number): number {
    return (this.isPilot(position) ? this.#pilot : this.#own).bytesOf(position);
  }

  /** Reads the lines of rows. @throws Error for a position that no shard has */
  async read(positions: ReadonlySet<number>): Promise<Map<number, SettledRow>> {
    const own = await this.#own.read([...positions].filter((position) => !this.isPilot(position)));
    // A row that answers for others may itself be of the pilot.
    const taken = [...own].flatMap(([position, { result }]): [number, number][] => {
      const follow = readFollowLine(result);
      return follow === undefined ? [] : [[position, follow.leader]];
    });
    const ofPilot = [...positions].filter((position) => this.isPilot(position));
    const pilot = await this.#pilot.read([...ofPilot, ...taken.map(([, leader]) => leader)]);
    const through = taken.flatMap(([position, leader]): [number, SettledRow][] => {
      const row = pilot.get(leader);
      return row === undefined ? [] : [[position, row]];
    });
    return new Map([...own, ...pilot, ...through]);
  }
}
