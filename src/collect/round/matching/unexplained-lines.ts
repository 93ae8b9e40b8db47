import type { UnreadableLine } from '../../../checkpoints/round/collected.ts';

/** Most unknown custom_ids that are reported by name. */
const MAX_UNKNOWN_IDS = 20;

/** Most unreadable lines that are reported with an excerpt. */
const MAX_UNREADABLE_LINES = 5;

/** Lines that belong to no row or cannot be read. */
export class UnexplainedLines {
  unknown = 0;
  readonly unknownIds: string[] = [];
  unreadable = 0;
  /** The first lines that cannot be read. */
  readonly unreadableLines: UnreadableLine[] = [];
  /** The line of a row that cannot be read, by the row's ordinal. */
  readonly broken = new Map<number, UnreadableLine>();

  addUnknown(customId: string): void {
    this.unknown += 1;
    if (this.unknownIds.length < MAX_UNKNOWN_IDS) this.unknownIds.push(customId.slice(0, 200));
  }

  /**
   * Counts a line that cannot be read, and keeps it if it is one of the first, or if its row is known.
   * @param ordinal the ordinal of the line's row; undefined if it is unknown
   */
  addUnreadable(line: UnreadableLine, ordinal: number | undefined): void {
    this.unreadable += 1;
    if (this.unreadableLines.length < MAX_UNREADABLE_LINES) this.unreadableLines.push(line);
    if (ordinal !== undefined) this.broken.set(ordinal, line);
  }
}
