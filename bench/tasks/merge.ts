import { writeResults } from '../../src/steps/write-results.ts';
import { JOB_ID, openEdges } from './job.ts';

/** Runs the step *Write results* of a job whose shards are done. */
const end = await writeResults(openEdges(), { jobId: JOB_ID });
if (!('status' in end)) throw new Error('The step did not end.');
if (end.status !== 'succeeded') throw new Error(`The job ended as ${end.status}.`);
