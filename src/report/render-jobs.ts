import type { JobPage } from '../status/list-jobs.ts';
import { html } from './html.ts';
import { renderPage } from './page.ts';
import { clip, moment } from './text.ts';

/** Addresses of a host's pages. */
export interface PageAddresses {
  readonly job: (jobId: string) => string;
  /** Of the page that begins behind the given one. */
  readonly more: (next: string) => string;
}

/** The list of jobs, newest first, as a host serves it. Pure. */
export function renderJobs({ jobs, next }: JobPage, addresses: PageAddresses): string {
  const rows = jobs.map(
    ({ jobId, status, profile, createdAt }) =>
      html`<tr>
        <th scope="row"><a href="${addresses.job(jobId)}">${clip(jobId, 300)}</a></th>
        <td><span class="badge ${status}">${status}</span></td>
        <td>${clip(profile, 160)}</td>
        <td><time datetime="${createdAt}">${moment(createdAt)}</time></td>
      </tr>`,
  );
  const table = html`<table>
    <caption>
      Newest first.
    </caption>
    <thead>
      <tr>
        <th scope="col">Job</th>
        <th scope="col">Status</th>
        <th scope="col">Profile</th>
        <th scope="col">Asked for</th>
      </tr>
    </thead>
    <tbody>
      ${rows}
    </tbody>
  </table>`;
  return renderPage({
    title: 'Nightshift jobs',
    header: html`<p class="eyebrow">Nightshift on this machine</p>
      <h1>Jobs</h1>
      <p class="state"><button type="button" id="pause" hidden>Pause updates</button></p>`,
    main: html`<div class="scroll" id="jobs" data-part tabindex="0" role="region" aria-label="Jobs">
        ${jobs.length > 0 ? table : html`<p class="note">None yet. Drop a file, or send a request to /jobs.</p>`}
      </div>
      <p id="more" data-part>
        ${next !== undefined && html`<a href="${addresses.more(next)}">Older jobs</a>`}
      </p>`,
    footer: html`<p>For programs, the same is at <a href="/jobs">/jobs</a>.</p>`,
    live: true,
  });
}
