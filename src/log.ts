/** All event names in the workflow's log. The set is closed, so that saved queries and alarms can rely on it. */
export type LogEvent =
  | 'job_started'
  | 'job_resumed'
  | 'job_already_known'
  | 'job_refused'
  | 'job_empty'
  | 'job_cancelled'
  | 'job_waits'
  | 'build_paused'
  | 'build_sliced'
  | 'requests_built'
  | 'shards_built_again'
  | 'requests_rewritten'
  | 'pilot_started'
  | 'pilot_judged'
  | 'file_uploaded'
  | 'file_uploaded_again'
  | 'batch_created'
  | 'batch_found_again'
  | 'batch_twin_found'
  | 'rows_sent'
  | 'batch_polled'
  | 'progress_not_written'
  | 'batch_cancel_requested'
  | 'batch_cancel_failed'
  | 'round_collected'
  | 'shard_stopped'
  | 'batch_left_open'
  | 'output_late'
  | 'job_stopped'
  | 'report_not_written'
  | 'table_not_written'
  | 'results_written'
  | 'rows_deleted'
  | 'rows_not_deleted'
  | 'input_swept'
  | 'input_changed'
  | 'schedule_missed'
  | 'claims_released'
  | 'job_announced'
  | 'job_not_announced'
  | 'step_failed';

/**
 * Fields of one log line: ids, counts and codes; never rows, bodies or headers. The cause of a failure is in `reason`, because
 * the logger uses `message` for the event's name and drops a field of that name.
 */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>> & {
  readonly message?: never;
};

export type Log = (event: LogEvent, fields: LogFields) => void;
