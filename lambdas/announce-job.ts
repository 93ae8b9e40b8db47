import { announceEdgesFromEnvironment } from '../src/runtime/announce-edges.ts';
import { handle } from '../src/runtime/handler.ts';
import { announceJob } from '../src/steps/announce-job.ts';

export const handler = handle(announceJob, announceEdgesFromEnvironment);
