import { html, type Html } from './html.ts';
import { renderPage } from './page.ts';
import type { ReportData } from './report-data.ts';
import {
  errorSection,
  failureNotice,
  fileSection,
  header,
  latencySection,
  openShards,
  outcomes,
  sampleSection,
  timelineSection,
  usageSection,
} from './sections.ts';
import { moment } from './text.ts';

/** `report.html`: the job as one file that needs nothing else. Pure. */
export function renderReport(data: ReportData): string {
  return renderPage({
    title: titleOf(data),
    header: header(data, 'Nightshift job'),
    main: sections(data),
    footer: html`<p>Written ${moment(data.at)}. This page loads nothing and sends nothing.</p>`,
  });
}

/** The same page as a host serves it, while the job runs and afterwards. @param home address of the list of jobs */
export function renderLiveReport(data: ReportData, home: string): string {
  return renderPage({
    title: titleOf(data),
    header: html`${header(data, html`<a href="${home}">All jobs</a>`)}
      <p class="state"><button type="button" id="pause" hidden>Pause updates</button></p>`,
    main: sections(data),
    footer: html`<p id="seen" data-part>As of ${moment(data.at)}.</p>`,
    live: data.progress !== undefined,
  });
}

function titleOf({ jobId, status, simulated }: ReportData): string {
  return `${jobId}: ${status}${simulated ? ' (simulated)' : ''}`;
}

function sections(data: ReportData): Html {
  return html`${failureNotice(data)} ${outcomes(data)} ${openShards(data)} ${timelineSection(data)}
  ${usageSection(data)} ${errorSection(data)} ${latencySection(data)} ${fileSection(data)}
  ${sampleSection(data)}`;
}
