import { writeResults } from '../../src/steps/write-results.ts';
import { JOB_ID, openEdges } from './job.ts';

/** The step *Write results* of a job whose shards are done. */
const { status } = await writeResults(openEdges(), { jobId: JOB_ID });
if (status !== 'succeeded') throw new Error(`The job ended as ${status}.`);
