import { handle } from '../src/runtime/handler.ts';
import { startEdgesFromEnvironment } from '../src/runtime/start-edges.ts';
import { cancelStoppedJob } from '../src/job-control/cancel-job.ts';

export const handler = handle(cancelStoppedJob, startEdgesFromEnvironment);
