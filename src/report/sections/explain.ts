import type { ReportData } from '../report-data.ts';
import type { RowKind } from '../survey/sample-rows.ts';
import { settledRows } from '../../checkpoints/outcomes.ts';
import type { Saved } from '../../checkpoints/counts.ts';
import { counted, grouped } from '../../text/counted.ts';
import { duration } from '../../text/duration.ts';
import { describePilot, describeWithoutPilot } from '../../status/describe-pilot.ts';
import { amount } from '../page/text.ts';

/** One sentence per outcome, for people who do not know the terms. */
export const EXPLAINED: Readonly<Record<RowKind, string>> = {
  ok: 'The row has its answer.',
  failed: 'The provider or the model rejected the row, and the same request would be rejected again.',
  exhausted: 'Every attempt failed with a transient error, and no attempts are left. A retry may help.',
  invalid_output: 'The model answered, but its answer does not match the required schema.',
  invalid: 'The row could not be made into a request. It was never sent and cost nothing.',
  truncated: 'The answer was cut off at the token limit: it ends in the middle.',
  refused: 'The model refused to answer.',
};

/** A share in percent: `96.7 %`. */
export function shareText(part: number, whole: number): string {
  return `${whole === 0 ? 0 : Number(((100 * part) / whole).toFixed(1))} %`;
}

/** A sum in a currency: `0.0123 EUR`. */
export function moneyText(value: number, currency: string): string {
  return `${amount(value)} ${currency}`;
}

/** Describes the job in a few sentences, for readers who do not know Nightshift. */
export function tellJob(data: ReportData): string[] {
  const { pilot, withoutPilot } = data;
  return [
    ...tellRows(data),
    ...(pilot === undefined
      ? []
      : [describePilot(pilot, data.progress === undefined && data.status !== 'waiting')]),
    ...(withoutPilot === undefined ? [] : [describeWithoutPilot(withoutPilot)]),
  ];
}

function tellRows(data: ReportData): string[] {
  const { rows, counts, seconds, progress, status, survey } = data;
  if (rows === undefined) return ['The rows of the input are being counted.'];
  if (progress !== undefined) return tellProgress(data, rows);
  if (rows === 0) return [status === 'empty' ? 'There was nothing to do.' : 'Nothing was sent.'];
  const notOk = rows - counts.ok;
  const ends = [
    ...(survey.truncated > 0 ? [`${counted(survey.truncated, 'answer')} cut off`] : []),
    ...(survey.refused > 0 ? [counted(survey.refused, 'refusal')] : []),
  ];
  return [
    `${grouped(counts.ok)} of ${counted(rows, 'row')} were answered (${shareText(counts.ok, rows)})${ends.length > 0 ? `, among them ${ends.join(' and ')}` : ''}.`,
    ...(notOk > 0
      ? [`${counted(notOk, 'row')} ${notOk === 1 ? 'has' : 'have'} no answer; the reasons are below.`]
      : []),
    `The job took ${duration(seconds)}${tellCost(data)}.`,
    ...(data.deduplicated === undefined ? [] : [tellRepeats(data.deduplicated)]),
    ...(data.reused === undefined ? [] : [tellReused(data.reused, data)]),
  ];
}

/** The verb for the number of sent rows. A failed or cancelled job did not send all of its rows. */
export function sentVerb(rows: number, hasFailed: boolean): string {
  if (hasFailed) return 'had to be';
  return rows === 1 ? 'was' : 'were';
}

function tellReused(
  { rows, from, saved }: NonNullable<ReportData['reused']>,
  { sent, failure }: ReportData,
): string {
  const verb = rows === 1 ? 'has its answer' : 'have their answers';
  // Summaries of version 0.1 may lack this number.
  const rest =
    sent === undefined ? '' : ` ${counted(sent, 'row')} ${sentVerb(sent, failure !== undefined)} sent.`;
  return `${counted(rows, 'row')} ${verb} from ${counted(from.length, 'earlier job')}: that saved ${tellSaved(saved)}.${rest}`;
}

function tellSaved({ inputTokens, outputTokens, money: spared }: Saved): string {
  const price =
    spared === undefined ? '' : `, ${moneyText(spared.amount, spared.currency)} at the profile's price`;
  return `${counted(inputTokens + outputTokens, 'token')}${price}`;
}

function tellRepeats({ rows, saved }: NonNullable<ReportData['deduplicated']>): string {
  return `${counted(rows, 'row')} ${rows === 1 ? 'has' : 'have'} the same request as an earlier row, whose answer ${rows === 1 ? 'it has' : 'they have'}, too: that saved ${tellSaved(saved)}.`;
}

/** Describes the progress of a running job, its pace so far, and the estimated time left. */
function tellProgress({ counts, seconds, progress }: ReportData, rows: number): string[] {
  const settled = settledRows(counts);
  const open = progress?.openShards ?? [];
  const running = open.reduce((sum, shard) => sum + (shard.progress?.succeeded ?? 0), 0);
  const answered = Math.min(rows, settled + running);
  const more = running > 0 ? `, and the provider has answered ${grouped(running)} more` : '';
  const sentence = `${grouped(settled)} of ${counted(rows, 'row')} have their result so far (${shareText(settled, rows)})${more}.`;
  if (answered === 0 || answered === rows || seconds === 0) return [sentence];
  const pace = answered / seconds;
  const speed =
    pace >= 1 ? `about ${counted(Math.round(pace), 'row')} a second` : `a row every ${duration(1 / pace)}`;
  return [
    sentence,
    `That is ${speed}; at this pace the rest takes ${duration((rows - answered) / pace)}, without rows that must be sent again.`,
  ];
}

function tellCost({ total, cost }: ReportData): string {
  const tokens = total.inputTokens + total.outputTokens;
  if (tokens === 0) return '';
  const { price, ofSteps } = cost;
  if (ofSteps !== undefined)
    return ` and used ${counted(tokens, 'token')}, which is ${moneyText(ofSteps.amount, ofSteps.currency)} at the prices of its steps`;
  const paid =
    price === undefined
      ? ''
      : `, which is ${moneyText(price.input + price.output, price.currency)} at the profile's price`;
  return ` and used ${counted(tokens, 'token')}${paid}`;
}
