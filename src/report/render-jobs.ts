import type { JobOverview, JobStatus } from '../status/job-status.ts';
import { JOB_STATES, type JobState } from '../status/job-states.ts';
import { settledRows } from '../checkpoints/outcomes.ts';
import { shareText } from './sections/explain.ts';
import { tableOf } from './page/elements.ts';
import { html, type Html } from './page/html.ts';
import { renderPage } from './page/page.ts';
import { grouped } from '../text/counted.ts';
import { clip, moment } from './page/text.ts';

/** URLs of a host's pages. */
export interface PageAddresses {
  readonly job: (jobId: string) => string;
  /** URL of the next page, after the given job. */
  readonly more: (next: string) => string;
  readonly status: (status: JobState | undefined) => string;
}

/** A job of the list, with what is known of its status. */
export interface ListedJob extends JobOverview {
  readonly details: Pick<JobStatus, 'rows' | 'counts'> | undefined;
}

export interface ListedSchedule {
  readonly name: string;
  /** Next time it fires, ISO 8601; absent if it never fires again. */
  readonly next: string | undefined;
  /** The schedule's last jobs, newest first. */
  readonly jobs: readonly string[];
}

export interface JobsPage {
  readonly jobs: readonly ListedJob[];
  readonly next?: string | undefined;
  readonly profiles: readonly string[];
  readonly schedules: readonly ListedSchedule[];
  /** The filter of the list. */
  readonly status?: JobState | undefined;
  readonly search: string;
}

/** The filters of the list. */
const STATES = JOB_STATES.filter((state) => state !== 'stopped');

/** A host's start page: the form that starts a job, the jobs, newest first, and the schedules. Pure. */
export function renderJobs(page: JobsPage, addresses: PageAddresses): string {
  const { next, search } = page;
  return renderPage({
    title: 'Nightshift jobs',
    header: html`<p class="eyebrow">Nightshift on this machine</p>
      <h1>Jobs</h1>
      <p class="state"><button type="button" id="pause" hidden>Pause updates</button></p>`,
    main: html`${newJob(page)}
      <section aria-labelledby="list-title">
        <h2 id="list-title">All jobs</h2>
        <div class="filter">
          <label for="search">Search, then Enter</label
          ><input type="search" id="search" autocomplete="off" spellcheck="false" value="${search}" />
        </div>
        <nav class="states" aria-label="Status">
          ${[undefined, ...STATES].map((status) => stateLink(status, page, addresses))}
        </nav>
        <div class="scroll" id="jobs" data-part tabindex="0" role="region" aria-label="Jobs">
          ${jobTable(page, addresses)}
        </div>
        <p id="more" data-part>
          ${next !== undefined && html`<a href="${addresses.more(next)}">Older jobs</a>`}
        </p>
      </section>
      <div id="schedules" data-part>${scheduleTable(page.schedules, addresses)}</div>`,
    footer: html`<p>For programs, the same is at <a href="/jobs">/jobs</a>.</p>`,
    live: true,
  });
}

function stateLink(status: JobState | undefined, page: JobsPage, addresses: PageAddresses): Html {
  const name = status ?? 'all';
  return status === page.status
    ? html`<a href="${addresses.status(status)}" aria-current="page">${name}</a> `
    : html`<a href="${addresses.status(status)}">${name}</a> `;
}

function newJob({ profiles }: JobsPage): Html {
  return html`<section id="new" aria-labelledby="new-title">
    <h2 id="new-title">New job</h2>
    <p class="note">Drop a file here, choose one, or paste rows.</p>
    <div class="fields">
      <label for="file">File</label> <input type="file" id="file" />
      <label for="rows">Or rows</label>
      <textarea id="rows" rows="3" spellcheck="false"></textarea>
      <label for="kind">The rows are</label>
      <select id="kind">
        <option value="txt">a prompt per line</option>
        <option value="csv">a table with a header</option>
        <option value="jsonl">JSON, one object per line</option>
      </select>
      <label for="profile">Profile</label>
      <select id="profile">
        ${profiles.map((name) => html`<option value="${name}">${name}</option>`)}
      </select>
    </div>
    <p class="state">
      <button type="button" id="plan">See the plan</button>
      <button type="button" id="start">Start</button>
      <span id="said" role="alert"></span>
    </p>
    <ul id="planned"></ul>
  </section>`;
}

function jobTable({ jobs, search, status }: JobsPage, addresses: PageAddresses): Html {
  if (jobs.length === 0) {
    return search === '' && status === undefined
      ? html`<p class="note">None yet. Drop a file, or send a request to /jobs.</p>`
      : html`<p class="note">No job matches.</p>`;
  }
  return tableOf(
    'Newest first.',
    ['Job', 'Status', { number: 'Ok' }, { number: 'Rows' }, { number: 'Done' }, 'Profile', 'Asked for'],
    jobs.map((job) => jobRow(job, addresses)),
  );
}

function jobRow({ jobId, status, profile, createdAt, details }: ListedJob, addresses: PageAddresses): Html {
  const { rows, counts } = details ?? {};
  const done = rows !== undefined && counts !== undefined && rows > 0;
  return html`<tr>
    <th scope="row"><a href="${addresses.job(jobId)}">${clip(jobId, 300)}</a></th>
    <td><span class="badge ${status}">${status}</span></td>
    <td class="number">${counts !== undefined && rows !== undefined && grouped(counts.ok)}</td>
    <td class="number">${rows !== undefined && grouped(rows)}</td>
    <td class="number">${done && shareText(settledRows(counts), rows)}</td>
    <td>${clip(profile, 160)}</td>
    <td><time datetime="${createdAt}">${moment(createdAt)}</time></td>
  </tr>`;
}

function scheduleTable(schedules: readonly ListedSchedule[], addresses: PageAddresses): Html | '' {
  if (schedules.length === 0) return '';
  return html`<section aria-labelledby="schedules-title">
    <h2 id="schedules-title">Schedules</h2>
    ${tableOf(
      '',
      ['Schedule', 'Next', 'Last jobs'],
      schedules.map((schedule) => scheduleRow(schedule, addresses)),
    )}
  </section>`;
}

function scheduleRow({ name, next, jobs }: ListedSchedule, addresses: PageAddresses): Html {
  return html`<tr>
    <th scope="row">${clip(name, 160)}</th>
    <td>${next === undefined ? 'never' : html`<time datetime="${next}">${moment(next)}</time>`}</td>
    <td>
      ${jobs.length === 0 ? 'none' : jobs.map((jobId) => html`<a href="${addresses.job(jobId)}">${jobId}</a><br />`)}
    </td>
  </tr>`;
}
