import { jsonLine } from '../jsonl/json-line.ts';
import { fieldsBehindId, readCustomId, withCustomId } from '../jsonl/custom-id.ts';

/** Placeholder in a shard's results for a row that is not sent because an earlier row answers it. */
export interface FollowLine {
  readonly customId: string;
  /** Position of the earlier row in the job, counted from 0. */
  readonly leader: number;
  /** The source field of the row, `,"source":{…}`; empty in jobs with one input. */
  readonly source: Buffer;
}

const FOLLOWS = Buffer.from('"follows":');
const SOURCE = Buffer.from(',"source":{');
const ROW_END = Buffer.from('}\n');
const NOTHING = Buffer.alloc(0);

export function followLine(customId: string, leader: number): Buffer {
  return Buffer.from(jsonLine({ custom_id: customId, follows: leader }));
}

/** Parses a line of a shard's results; undefined if it is a result line. */
export function readFollowLine(line: Buffer): FollowLine | undefined {
  const at = fieldsBehindId(line);
  // One byte distinguishes it from a result line, whose second field is "ok".
  if (line[at + 1] !== FOLLOWS[1]) return undefined;
  const from = at + FOLLOWS.length;
  const sourceAt = line.indexOf(SOURCE, from);
  const leader = Number.parseInt(line.toString('latin1', from, from + 16), 10);
  const source = sourceAt === -1 ? NOTHING : line.subarray(sourceAt, -ROW_END.length);
  return { customId: readCustomId(line), leader, source };
}

/**
 * The result line of a row that an earlier row answers: the earlier row's line, with this row's id and source.
 * @param leader the earlier row's result line
 */
export function answerFollower(leader: Buffer, { customId, source }: FollowLine): Buffer {
  // In a job with several inputs, every line ends with its source.
  const sourceAt = source.length === 0 ? -1 : leader.lastIndexOf(SOURCE);
  const end = sourceAt === -1 ? leader.length - ROW_END.length : sourceAt;
  const answeredBy = Buffer.from(`,"answeredBy":${JSON.stringify(readCustomId(leader))}`);
  return Buffer.concat([withCustomId(leader.subarray(0, end), customId), answeredBy, source, ROW_END]);
}
