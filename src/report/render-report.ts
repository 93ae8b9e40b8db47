import { html, type Html } from './page/html.ts';
import { mayBeApproved } from '../status/describe-pilot.ts';
import { renderPage } from './page/page.ts';
import type { ReportData } from './report-data.ts';
import { latencySection, openShards, timelineSection } from './sections/batch-sections.ts';
import { distributionSection } from './sections/distribution-section.ts';
import { answerSection, leadSection, outcomes } from './sections/row-sections.ts';
import { errorSection, failureNotice, fileSection, header } from './sections/job-sections.ts';
import { moment } from './page/text.ts';
import { usageSection } from './sections/usage-section.ts';

/** Renders `report.html`: the job as one file without dependencies. Pure. */
export function renderReport(data: ReportData): string {
  return renderPage({
    title: titleOf(data),
    header: header(data, 'Nightshift job'),
    main: sections(data),
    footer: html`<p>Written ${moment(data.at)}. This page loads nothing and sends nothing.</p>`,
  });
}

/**
 * The same page as a host serves it, during the job and afterwards.
 * @param home URL of the list of jobs
 */
export function renderLiveReport(data: ReportData, home: string, links: LiveLinks): string {
  return renderPage({
    title: titleOf(data),
    header: html`${header(data, html`<a href="${home}">All jobs</a>`)}
      <p class="state"><button type="button" id="pause" hidden>Pause updates</button></p>
      ${actions(data, links)}`,
    main: sections(data),
    footer: html`<p id="seen" data-part>As of ${moment(data.at)}.</p>`,
    live: data.progress !== undefined,
  });
}

function titleOf({ jobId, status, simulated }: ReportData): string {
  return `${jobId}: ${status}${simulated ? ' (simulated)' : ''}`;
}

type Action = 'cancel' | 'resume' | 'retry' | 'approve' | 'reject';

/** URLs of a host's actions on a job. */
export interface LiveLinks {
  readonly results: string;
  readonly csv: string;
  readonly post: (action: Action) => string;
  /** Profiles that a retry may use. */
  readonly profiles: readonly string[];
}

/** The possible actions on a job in this status. */
function actions({ status, survey, pilot }: ReportData, links: LiveLinks): Html {
  const button = (action: Action, name: string): Html =>
    html`<button type="button" data-post="${links.post(action)}">${name}</button>`;
  const isOpen = status === 'running' || status === 'queued' || status === 'waiting';
  const mayGoOn = status === 'waiting' || status === 'failed';
  return html`<div class="actions" id="actions" data-part>
      ${pilot !== undefined && mayGoOn && mayBeApproved(pilot) && button('approve', 'Approve: send the other rows')}
      ${status === 'waiting' && button('reject', 'Reject: end the job')}
      ${isOpen && button('cancel', 'Cancel the job')}
      ${(status === 'failed' || status === 'cancelled') && button('resume', 'Resume')}
      ${status === 'partial' && retryAction(links)}
      ${
        survey.sample.length > 0 &&
        !isOpen &&
        html`<a href="${links.results}">Results beside the input</a>
          <a href="${links.csv}">Download as CSV</a>`
      }
    </div>
    <p class="note" id="said" role="alert"></p>`;
}

/** The form that retries rows that are not ok, with the same profile or another one. */
function retryAction({ post, profiles }: LiveLinks): Html {
  return html`<button type="button" data-post="${post('retry')}" data-profile="retry-profile">
      Retry what is not ok
    </button>
    <label for="retry-profile">by</label>
    <select id="retry-profile">
      <option value="">the same profile</option>
      ${profiles.map((name) => html`<option value="${name}">${name}</option>`)}
    </select>`;
}

function sections(data: ReportData): Html {
  return html`${leadSection(data)} ${failureNotice(data)} ${outcomes(data)} ${openShards(data)}
  ${distributionSection(data)} ${errorSection(data)} ${usageSection(data)} ${timelineSection(data)}
  ${latencySection(data)} ${fileSection(data)} ${answerSection(data)}`;
}
