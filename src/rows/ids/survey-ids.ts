import type { Calling, Start } from '../build-once.ts';
import { loadTables, saveBuildState, type Unfinished } from '../build-state.ts';
import { Builder, type RowSink } from '../builder.ts';
import { EarlierResults } from '../earlier-results.ts';
import { IdSurvey, type IdBounds } from './id-survey.ts';
import type { RepeatedIds } from './repeated-ids.ts';
import type { RequestMaker } from '../request-maker.ts';
import type { Row } from '../row.ts';

type Surveying = Pick<Calling, 'store' | 'job' | 'requests' | 'time'> & { readonly bounds: IdBounds };

/** Finds the ids that occur more than once among all rows of the job, or reads until time runs short. */
export async function surveyIds(
  { store, job, requests, time, bounds }: Surveying,
  start: Start,
): Promise<RepeatedIds | Unfinished> {
  const { jobId } = job;
  const { surveying: saved, turn, attempt, seed } = start;
  const survey = new IdSurvey({ job, seed, bounds });
  if (saved !== undefined) await loadTables(store, { jobId, turn }, survey.tables);
  await using earlier = EarlierResults.of(store, job, saved?.earlierBytes);
  const taker = sinkOf(survey, requests);
  const builder = new Builder({ job, taker, earlier }, saved?.builder);
  const stopped = await builder.takeAll(store, saved, time);
  if (stopped === undefined) {
    await earlier?.end();
    return survey.repeated;
  }
  const surveying = { ...stopped, builder: builder.save(), earlierBytes: earlier?.bytes };
  await saveBuildState(store, jobId, { turn, attempt, seed, ids: 'survey', surveying }, survey.tables);
  return { rows: surveying.builder.read, shards: 0 };
}

function sinkOf(survey: IdSurvey, requests: RequestMaker): RowSink {
  const take = (row: Row, ordinal: number, knownId?: string): undefined => {
    const made = requests.make(row, ordinal);
    survey.note('line' in made ? made.customId : undefined, ordinal, knownId);
  };
  return {
    startFile: (input) => survey.startFile(input),
    take,
    takeDuplicate: (row, ordinal) => take(row, ordinal),
  };
}
