import type { Edges } from '../edges.ts';
import { bounded } from '../errors.ts';
import type { LogFields } from '../log.ts';
import { printableLines } from '../text/printable.ts';
import type { Environment } from './api-key.ts';
import { openStepTime, type TimeContext } from './step-time.ts';
import { forgetSecrets } from './kept-secrets.ts';
import { traceCall } from './trace.ts';

/** The used part of Lambda's second argument. The local host passes its own edges in it; AWS never does. */
export interface StepHost<E extends Edges = Edges> extends TimeContext {
  readonly edges?: E;
}

export type Handler<In, Out, E extends Edges = Edges> = (event: In, host?: StepHost<E>) => Promise<Out>;

/**
 * Turns a step into a Lambda handler: reads its edges from the environment, logs one line for a failure before throwing it, and
 * adds the job's id to the call's trace.
 */
export function handle<In, Out, E extends Edges>(
  step: (edges: E, event: In) => Promise<Out>,
  openEdges: (env: Environment) => E,
): Handler<In, Out, E> {
  return async (event, host) => {
    const opened = host?.edges ?? openEdges(process.env);
    const edges: E = { ...opened, time: opened.time ?? openStepTime(process.env, host) };
    const startedAt = Date.now();
    let failed = true;
    try {
      const left = await step(edges, event);
      failed = false;
      return left;
    } catch (error) {
      const { name, message } = error instanceof Error ? error : new Error(String(error));
      // The key is dropped. A person who replaces it and resumes the job would otherwise get the old key for up to five minutes.
      if (name === 'ProviderDenied') forgetSecrets();
      edges.log('step_failed', { ...jobOf(event), error: name, reason: bounded(message) });
      // Lambda logs the error, and people read it as the cause of the failure.
      if (error instanceof Error) error.message = printableLines(error.message);
      throw error;
    } finally {
      await traceCall(process.env, { startedAt, endedAt: Date.now(), failed, annotations: jobOf(event) });
    }
  };
}

interface Named {
  readonly jobId?: string;
  readonly shard?: number;
  /** The status of the job's end, in the payload of the announcement. */
  readonly end?: Named;
}

/** Reads job and shard from a payload that names them. */
function jobOf(event: unknown): LogFields {
  const { end, jobId = end?.jobId, shard } = (event ?? {}) as Named;
  return { ...(jobId !== undefined && { jobId }), ...(shard !== undefined && { shard }) };
}
