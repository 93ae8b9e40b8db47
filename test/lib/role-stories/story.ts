import { z } from 'zod';
import type { Summary } from '../../../src/checkpoints/summary.ts';
import type { StepTime } from '../../../src/pace.ts';
import type { ObjectStore } from '../../../src/store/object-store.ts';
import type { RoleWorld, RoleWorldOptions } from '../role-world.ts';

export interface Story {
  /** Runs some jobs, and returns the statuses with which they ended. */
  readonly run: (world: RoleWorld) => Promise<Summary['status'][]>;
  /** The expected statuses. */
  readonly ends: readonly Summary['status'][];
  /** Options of the world, if the story needs others than most. */
  readonly world?: Partial<RoleWorldOptions>;
  /** Also runs in a bucket without versions, because other permissions are used for its inputs there. */
  readonly alsoWithoutVersions?: true;
}

export type Stories = Readonly<Record<string, Story>>;

export const ROW = '{"prompt":"hello"}\n';
export const INVALID_ROW = '{"nothing":true}\n';
/** Rows with different requests. */
export const differentRows = (count: number): string =>
  Array.from({ length: count }, (_, n) => `{"prompt":"hello ${n}"}\n`).join('');
export const LONG_ROW_COUNT = 60;
/** More bytes than a step reads at once. */
export const LONG_ROWS = Array.from(
  { length: LONG_ROW_COUNT },
  (_, n) => `{"prompt":"row ${n} ${'x'.repeat(3_000)}"}\n`,
).join('');

/** Each call of a step does one piece of work. */
export const NEVER_ENOUGH: StepTime = { isShort: () => true, isOver: () => false };

export const INPUTS = ['staged/a.jsonl', 'output/earlier/dead-letters.jsonl', 'input/b.jsonl'];

export async function putInputs(store: ObjectStore): Promise<void> {
  for (const key of INPUTS) await store.put(key, ROW);
  await store.put('staged/a.jsonl', INVALID_ROW + ROW);
}

/** Makes the next batch run until it is cancelled. */
export function getStuck({ simulator }: RoleWorld): void {
  simulator.addFaults({ at: 'batch', action: { kind: 'stuck', status: 'in_progress', finished: 0 } });
}

/** Waits for the end of the job and returns its status. */
export async function end(world: RoleWorld, jobId: string | Promise<string>): Promise<Summary['status']> {
  const id = await jobId;
  await world.settled();
  return (await world.summary(id)).status;
}

export const json = (body: unknown): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});

export async function post(world: RoleWorld, path: string, body: unknown = {}): Promise<string> {
  return z.object({ jobId: z.string() }).parse(await send(world, path, json(body))).jobId;
}

export async function send({ api }: RoleWorld, path: string, init?: RequestInit): Promise<unknown> {
  const answer = await api.request(path, init);
  if (!answer.ok) throw new Error(`${path} was answered ${answer.status}: ${await answer.text()}`);
  return answer.json();
}

export async function expectStatus(
  { api }: RoleWorld,
  status: number,
  path: string,
  init?: RequestInit,
): Promise<void> {
  const answer = await api.request(path, init);
  if (answer.status !== status)
    throw new Error(`${path} was answered ${answer.status}: ${await answer.text()}`);
}
