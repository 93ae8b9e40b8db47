import { jsonLine } from '../jsonl/json-line.ts';
import { fieldsBehindId, readCustomId, withCustomId } from '../jsonl/custom-id.ts';

/** A row that is not sent, as it stands in the results of its shard until the job is written: an earlier row answers for it. */
export interface FollowLine {
  readonly customId: string;
  /** Position of the earlier row in the job, counted from 0. */
  readonly leader: number;
  /** Where the row came from, with the name of the field: `,"source":{…}`; empty in jobs of one input. */
  readonly source: Buffer;
}

const FOLLOWS = Buffer.from('"follows":');
const SOURCE = Buffer.from(',"source":{');
const ROW_END = Buffer.from('}\n');
const NOTHING = Buffer.alloc(0);

export function followLine(customId: string, leader: number): Buffer {
  return Buffer.from(jsonLine({ custom_id: customId, follows: leader }));
}

/** Reads a line of a shard's results; undefined for a result line. */
export function readFollowLine(line: Buffer): FollowLine | undefined {
  const at = fieldsBehindId(line);
  // One byte tells them from result lines, whose second field is "ok".
  if (line[at + 1] !== FOLLOWS[1]) return undefined;
  const from = at + FOLLOWS.length;
  const sourceAt = line.indexOf(SOURCE, from);
  const leader = Number.parseInt(line.toString('latin1', from, from + 16), 10);
  const source = sourceAt === -1 ? NOTHING : line.subarray(sourceAt, -ROW_END.length);
  return { customId: readCustomId(line), leader, source };
}

/**
 * The result line of a row that an earlier one answers for: that one's, with its own id and source.
 * @param leader the earlier row's result line
 */
export function answerFollower(leader: Buffer, { customId, source }: FollowLine): Buffer {
  // A line ends with its source when the job has several inputs, and then all lines do.
  const sourceAt = source.length === 0 ? -1 : leader.lastIndexOf(SOURCE);
  const end = sourceAt === -1 ? leader.length - ROW_END.length : sourceAt;
  const answeredBy = Buffer.from(`,"answeredBy":${JSON.stringify(readCustomId(leader))}`);
  return Buffer.concat([withCustomId(leader.subarray(0, end), customId), answeredBy, source, ROW_END]);
}
