import type { Job } from '../../checkpoints/job.ts';
import type { ShardPlan } from '../../checkpoints/plan.ts';
import { idBytes } from '../../jsonl/custom-id.ts';
import type { Leaders } from '../../reuse/leaders.ts';
import { jobIds, type JobIds } from '../ids/job-ids.ts';
import { generatedId } from '../request-line.ts';
import { isOtherModel } from '../row-taker.ts';
import { shardHasRoom, shardHasRoomUnsent, MAX_UNSENT_BYTES, type Held } from '../shard-room.ts';
import { rejectTooManyShards } from '../shard-writer.ts';
import { MAX_SUSPECTS } from '../ids/suspects.ts';
import type { UniqueIds } from '../ids/unique-ids.ts';
import type { ShardRun, Slice } from './division.ts';
import { SOME_ID, type Note } from './notes.ts';
import type { Verdict } from './verdicts.ts';

/** The notes are not enough to plan the same shards as one pass. */
export class NotDivisible extends Error {
  override readonly name = 'NotDivisible';
}

export interface SavedCutter {
  readonly shards: readonly ShardPlan[];
  readonly open?: Held | undefined;
  readonly runs: readonly Omit<ShardRun, 'rows' | 'shards'>[];
  readonly suspects: readonly string[];
  readonly rows: number;
  readonly sent: number;
  readonly model?: string | undefined;
}

interface CutterParts {
  readonly job: Job;
  readonly ids: UniqueIds;
  readonly leaders: Leaders | undefined;
}

const EMPTY: Held = {
  sent: 0,
  bytes: 0,
  inputs: 0,
  invalid: 0,
  answered: 0,
  reused: 0,
  deduplicated: 0,
  unsentBytes: 0,
};

/** Most bytes of a result line without an answer, in addition to its id and model. */
const LINE_BYTES = 1_000;
const BYTES_PER_UNIT = 6;

/** Divides the rows of a job into shards by their notes: the same shards that `RowTaker` and `ShardWriter` make from the rows. */
export class ShardCutter {
  readonly #job: Job;
  readonly #ids: JobIds;
  readonly #leaders: Leaders | undefined;
  readonly suspects: Set<string>;
  readonly #shards: ShardPlan[];
  readonly #runs: Omit<ShardRun, 'rows' | 'shards'>[];
  #open: Held | undefined;
  /** The slice of the current rows, and the number of its rows that were read. */
  #slice = 0;
  #rowsOfSlice = 0;
  #rows: number;
  #sent: number;
  #model: string | undefined;

  constructor({ job, ids, leaders }: CutterParts, saved: SavedCutter = NOTHING_CUT) {
    this.#job = job;
    this.#ids = jobIds(ids, job);
    this.#leaders = leaders;
    this.suspects = new Set(saved.suspects);
    this.#shards = [...saved.shards];
    this.#runs = [...saved.runs];
    this.#open = saved.open;
    this.#rows = saved.rows;
    this.#sent = saved.sent;
    this.#model = saved.model;
  }

  save(): SavedCutter {
    return {
      shards: this.#shards,
      open: this.#open,
      runs: this.#runs,
      suspects: [...this.suspects],
      rows: this.#rows,
      sent: this.#sent,
      model: this.#model,
    };
  }

  /** The following rows are from this slice. */
  startSlice(slice: number, { input }: Slice): void {
    this.#slice = slice;
    this.#rowsOfSlice = 0;
    const file = this.#job.inputs[input];
    if (file !== undefined) this.#ids.startFile(file);
  }

  /** Adds the next row. Returns its verdict; undefined for a row that is sent under its own id, or is invalid in any case. */
  take(note: Note): Verdict | undefined {
    this.#rows += 1;
    const verdict = note.isValid ? this.#check(note) : this.#addUnsent('invalid', note.bytes);
    this.#rowsOfSlice += 1;
    return verdict;
  }

  /** Ends the last shard. */
  close(): {
    readonly rows: number;
    readonly shards: readonly ShardPlan[];
    readonly runs: readonly ShardRun[];
  } {
    this.#finish();
    const runs = this.#runs.map((run, n) => {
      const next = this.#runs[n + 1] ?? { before: this.#rows, shard: this.#shards.length };
      return { ...run, rows: next.before - run.before, shards: next.shard - run.shard };
    });
    return { rows: this.#rows, shards: this.#shards, runs };
  }

  #check(note: Note): Verdict | undefined {
    const { shardLimits } = this.#job.profile;
    const customId = note.id ?? generatedId(this.#rows);
    const bytes = note.bytes + (note.id === undefined ? customId.length - SOME_ID.length : 0);
    const lineBytes = LINE_BYTES + BYTES_PER_UNIT * (customId.length + note.model.length);
    if (bytes > shardLimits.maxBytes || isOtherModel(this.#job, note.model, this.#model)) {
      this.#addUnsent('invalid', lineBytes);
      return NOT_TAKEN;
    }
    this.#model ??= note.model;
    const id = this.#ids.take(customId);
    if (id === undefined) {
      if (this.suspects.size < MAX_SUSPECTS) this.suspects.add(customId);
      this.#addUnsent('invalid', lineBytes);
      return NOT_TAKEN;
    }
    const renamed = id === customId ? undefined : { id };
    const leader = this.#leaders?.leaderOf({ customId: '', line: note.standIn }, this.#rows - 1);
    if (leader !== undefined) {
      this.#addUnsent('deduplicated', lineBytes);
      return { ...renamed, leader };
    }
    this.#addSent(bytes + (renamed === undefined ? 0 : idBytes(id) - idBytes(customId)), note.inputs);
    return renamed;
  }

  #addSent(bytes: number, inputs: number): void {
    if (
      this.#open === undefined ||
      !shardHasRoom(this.#open, { bytes, inputs }, this.#job.profile.shardLimits)
    )
      this.#begin();
    const open = this.#open ?? EMPTY;
    this.#open = {
      ...open,
      sent: open.sent + 1,
      bytes: open.bytes + bytes,
      inputs: open.inputs + inputs,
      // An empty line has only a newline.
      unsentBytes: open.unsentBytes + 1,
    };
    this.#sent += 1;
  }

  #addUnsent(kind: 'invalid' | 'deduplicated', bytes: number): undefined {
    if (this.#open === undefined || !shardHasRoomUnsent(this.#open, this.#job.profile.shardLimits))
      this.#begin();
    const open = this.#open ?? EMPTY;
    this.#open = { ...open, [kind]: open[kind] + 1, unsentBytes: open.unsentBytes + bytes };
    if (this.#open.unsentBytes >= MAX_UNSENT_BYTES)
      throw new NotDivisible('The exact size of the result lines of a shard is not known.');
  }

  #begin(): void {
    this.#finish();
    const shard = this.#shards.length;
    rejectTooManyShards(shard);
    this.#open = EMPTY;
    if (this.#runs.at(-1)?.slice === this.#slice) return;
    this.#runs.push({
      slice: this.#slice,
      skip: this.#rowsOfSlice,
      before: this.#rows - 1,
      shard,
      sent: this.#sent,
      model: this.#model,
    });
  }

  #finish(): void {
    if (this.#open === undefined) return;
    const { sent, bytes, invalid, deduplicated } = this.#open;
    this.#open = undefined;
    this.#shards.push({
      rows: sent + invalid + deduplicated,
      invalid,
      ...(deduplicated > 0 && { deduplicated }),
      requests: sent,
      bytes,
    });
  }
}

const NOT_TAKEN: Verdict = { id: null };

const NOTHING_CUT: SavedCutter = { shards: [], runs: [], suspects: [], rows: 0, sent: 0 };
