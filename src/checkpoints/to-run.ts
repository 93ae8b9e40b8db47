import { toRunKey } from './keys.ts';
import type { ShardPlan } from './plan.ts';
import { storedObject } from './stored-object.ts';

/** A shard that still has work, as an item of the machine's map. */
export interface ShardToRun {
  readonly shard: number;
  readonly planned: ShardPlan;
}

/** `to-run.json`: the shards with work left when the job's execution began. Step Functions reads it, one child per entry. */
export const toRunObject = storedObject<readonly ShardToRun[], string>(toRunKey);
