import type { SimulatedBatch } from './batches.ts';

/** A batch as a job object of Mistral. */
export function mistralJob(
  object: Readonly<Record<string, unknown>>,
  batch: SimulatedBatch,
): Record<string, unknown> {
  const { id, endpoint, input_file_id, output_file_id, error_file_id, status, created_at, metadata } = object;
  const counts = object['request_counts'] as Readonly<Record<string, number>> | null | undefined;
  const { total_requests = 0, succeeded_requests = 0, failed_requests = 0 } = counts ?? {};
  return {
    id,
    object: 'batch',
    endpoint,
    input_files: [input_file_id],
    output_file: output_file_id,
    error_file: error_file_id,
    errors: object['errors'] === null ? [] : batch.errors.map(({ message }) => ({ message, count: 1 })),
    status,
    model: batch.model ?? null,
    metadata,
    created_at,
    started_at: null,
    completed_at: batch.end === undefined ? null : Math.floor(batch.end.at / 1_000),
    total_requests,
    completed_requests: succeeded_requests + failed_requests,
    succeeded_requests,
    failed_requests,
  };
}
