import { handle } from '../src/runtime/handler.ts';
import { startEdgesFromEnvironment } from '../src/runtime/start-edges.ts';
import { startJobByEvent } from '../src/job-control/start-job-by-event.ts';

export const handler = handle(startJobByEvent, startEdgesFromEnvironment);
