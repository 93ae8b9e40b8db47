import { grouped } from '../../text/counted.ts';
import { duration } from '../../text/duration.ts';
import { part, section, tableOf, time, words } from '../page/elements.ts';
import { html, type Html, type HtmlValue } from '../page/html.ts';
import type { ReportData } from '../report-data.ts';
import type { ShownError } from '../report-errors.ts';

/**
 * The parts of a job's page. What may change while the job runs is in an element with `data-part` and an id. Every part always
 * exists, so that a running page can update it in place.
 */

export function header(data: ReportData, above: HtmlValue): Html {
  const { jobId, status, facts, startedAt, at, seconds, progress, simulated } = data;
  const ended =
    progress === undefined
      ? html`ended ${time(at)} after ${duration(seconds)}`
      : html`${duration(seconds)} ago`;
  return html`<p class="eyebrow">${above}</p>
    <h1>${jobId}${simulated && html` <span class="badge partial">simulated</span>`}</h1>
    ${simulated && html`<p class="note">The answers are made up: a simulator stood in for the provider.</p>`}
    <div class="state" id="state" data-part>
      <span class="badge ${status}">${status}</span> <span>started ${time(startedAt)}, ${ended}</span>
    </div>
    <dl class="facts">
      ${facts.map(
        ([name, value]) =>
          html`<div>
            <dt>${name}</dt>
            <dd>${words(value)}</dd>
          </div>`,
      )}
    </dl>`;
}

export function failureNotice({ failure, status }: ReportData): Html {
  const notice =
    failure &&
    html`<div class="notice" role="note" aria-labelledby="failure-title">
      <h2 id="failure-title">${status === 'cancelled' ? 'Cancelled' : 'Why it failed'}</h2>
      <p>${failure.message} <span class="mono">[${failure.code}]</span></p>
      ${failure.advice !== '' && html`<p>${failure.advice}</p>`}
    </div>`;
  return part('failure', notice);
}

export function errorSection({ errors }: ReportData): Html {
  const row = ({ outcome, code, rows, orMore, custom_id, message }: ShownError): Html =>
    html`<tr>
      <th scope="row" class="row-id">
        <bdi class="mono">${code ?? 'other codes'}</bdi>
        ${outcome && html`<span class="${outcome}">${outcome}</span>`}
      </th>
      <td class="number">${grouped(rows)}${orMore && ' or more'}</td>
      <td>
        ${custom_id !== undefined && html`<bdi class="mono">${custom_id}</bdi><br />`} ${words(message ?? '')}
      </td>
    </tr>`;
  const table = tableOf(
    'Rows that are not ok, by code; the first row of each is the example.',
    ['Code', { number: 'Rows' }, 'Example'],
    errors.map(row),
  );
  return section(
    'errors',
    'Errors',
    part('errors', errors.length > 0 ? table : html`<p class="note">None.</p>`),
  );
}

export function fileSection({ files }: ReportData): Html {
  const list = html`<ul class="files">
    ${files.map(({ name, href, about }) => html`<li><a href="${href}">${name}</a> <span>${about}</span></li>`)}
  </ul>`;
  return section(
    'files',
    'Files',
    part('files', files.length > 0 ? list : html`<p class="note">They are there once the job has ended.</p>`),
  );
}
