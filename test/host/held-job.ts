import type { BatchAction } from '../../simulator/faults.ts';
import { openHost, type TestHost } from './open-host.ts';

/** A text that would run a script on a page that does not escape it. */
export const MARKUP = '<img src=x onerror="window.pwned = 1">';

export interface HeldJob {
  readonly host: TestHost;
  readonly url: string;
  readonly jobId: string;
  readonly release: () => void;
}

/** A job whose first batch was polled once, with markup as its status, and is polled again only after its release. */
export async function holdJob(action: BatchAction = { kind: 'status', status: MARKUP }): Promise<HeldJob> {
  const host = await openHost();
  host.simulator.addFaults({ at: 'batch', nth: 1, action });
  const reached = Promise.withResolvers<void>();
  const held = Promise.withResolvers<void>();
  let polls = 0;
  const { url } = await host.start((call) => async (step, event) => {
    if (step === 'poll-batch' && (polls += 1) === 2) {
      reached.resolve();
      await held.promise;
    }
    return call(step, event);
  });
  const rows = [...Array(20).keys()].map((n) => ({
    custom_id: `${MARKUP} ${n}`,
    prompt: `echo:${MARKUP} ${n}`,
  }));
  const answer = await fetch(`${url}/jobs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'held', rows }),
  });
  const { jobId } = (await answer.json()) as { jobId: string };
  await reached.promise;
  return { host, url, jobId, release: () => held.resolve() };
}
