import type { SimulatedBatch } from './batches.ts';

/** A batch as a job object of Together. */
export function togetherJob(
  object: Readonly<Record<string, unknown>>,
  batch: SimulatedBatch,
): Record<string, unknown> {
  const { id, endpoint, input_file_id, output_file_id, error_file_id, status, created_at } = object;
  const { expires_at, completed_at, errors } = object;
  return {
    id,
    endpoint,
    input_file_id,
    output_file_id,
    error_file_id,
    status,
    created_at,
    completed_at,
    job_deadline: expires_at,
    error: errors,
    progress: batch.end === undefined ? 0 : 100,
    model_id: null,
  };
}
