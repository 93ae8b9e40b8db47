import type { CostedStep } from '../src/cost/step-seconds.ts';
import { STEPS } from './step-table.ts';

/** Memory of the steps that a job's cost includes, in MiB; also used by the cost estimates. */
export const STEP_MEMORY_MIB: Readonly<Record<CostedStep, number>> = {
  'build-requests': STEPS['build-requests'].memoryMib,
  'build-slice': STEPS['build-slice'].memoryMib,
  'upload-file': STEPS['upload-file'].memoryMib,
  'create-batch': STEPS['create-batch'].memoryMib,
  'send-direct': STEPS['send-direct'].memoryMib,
  'poll-batch': STEPS['poll-batch'].memoryMib,
  'collect-results': STEPS['collect-results'].memoryMib,
  'write-results': STEPS['write-results'].memoryMib,
  'announce-job': STEPS['announce-job'].memoryMib,
};
