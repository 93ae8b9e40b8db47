import { readFollowLine } from '../../reuse/follow-line.ts';
import type { ResultBlocks, SettledRow } from '../../reuse/result-blocks.ts';

/**
 * The lines of rows that answer others, by position in the job. The positions of a pilot's rows follow those of all other rows.
 * Each row of the pilot answers the row that it was taken from.
 */
export class LeadingRows {
  readonly #rows: number;
  readonly #own: ResultBlocks;
  readonly #pilot: ResultBlocks;

  /** @param rows the number of the job's rows */
  constructor(rows: number, own: ResultBlocks, pilot: ResultBlocks) {
    this.#rows = rows;
    this.#own = own;
    this.#pilot = pilot;
  }

  /** True if a position belongs to a pilot's shard. */
  isPilot(position: number): boolean {
    return position >= this.#rows;
  }

  bytesOf(position: number): number {
    return (this.isPilot(position) ? this.#pilot : this.#own).bytesOf(position);
  }

  /**
   * Reads the lines of rows.
   * @throws Error for a position outside all shards
   */
  async read(positions: ReadonlySet<number>): Promise<Map<number, SettledRow>> {
    const own = await this.#own.read([...positions].filter((position) => !this.isPilot(position)));
    // A row that answers others may itself be in the pilot.
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
