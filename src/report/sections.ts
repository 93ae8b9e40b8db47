import type { ModelUsage } from '../checkpoints/counts.ts';
import { latencyChart, timelineChart } from './charts.ts';
import { part, section, wideTable, words } from './elements.ts';
import { money } from './explain.ts';
import { html, type Html, type HtmlValue } from './html.ts';
import type { ReportData, ShownBatch, ShownError } from './report-data.ts';
import { amount, count, counted, duration, moment } from './text.ts';

/**
 * The parts of a job's page. What may change while the job runs is in an element with `data-part` and an id; every part is
 * always there, so that a page that is taken over part by part has a place for it.
 */

function time(iso: string): Html {
  return html`<time datetime="${iso}">${moment(iso)}</time>`;
}

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

export function openShards({ progress }: ReportData): Html {
  if (progress === undefined) return part('open', '');
  const { shards, openShards: open } = progress;
  const states = `${count(shards.done)} of ${counted(shards.total, 'shard')} done, ${count(shards.running)} running, ${count(shards.waiting)} waiting, ${count(shards.stopped)} stopped`;
  const rows = open.map(
    ({ shard, state, progress: seen }) =>
      html`<tr>
        <th scope="row">${shard}</th>
        <td>${state}</td>
        <td>${seen?.round ?? ''}</td>
        <td>${words(seen?.status ?? '')}</td>
        <td class="number">
          ${seen?.total !== undefined && html`${count(seen.succeeded ?? 0)} / ${count(seen.total)}`}
        </td>
        <td>
          ${seen !== undefined && html`<time datetime="${seen.nextPollAt}">${seen.nextPollAt.slice(11, 19)}</time>`}
        </td>
      </tr>`,
  );
  const table = html`<table>
    <caption>
      ${states}. The first that are not done:
    </caption>
    <thead>
      <tr>
        <th scope="col">Shard</th>
        <th scope="col">State</th>
        <th scope="col">Round</th>
        <th scope="col">Batch</th>
        <th scope="col" class="number">Answered</th>
        <th scope="col">Next poll, UTC</th>
      </tr>
    </thead>
    <tbody>
      ${rows}
    </tbody>
  </table>`;
  return section(
    'open',
    'Now',
    wideTable(
      'open',
      'Shards that are not done',
      open.length > 0 ? table : html`<p class="note">${states}.</p>`,
    ),
  );
}

export function timelineSection({
  timeline,
  batches,
  allBatches,
  startedAt,
  shards,
  rounds,
}: ReportData): Html {
  const drawn = timeline.lanes.length > 0 || timeline.columns.length > 0;
  const figure = html`<figure>
    <ul class="key">
      <li class="k1">round 1</li>
      <li class="k2">round 2</li>
      <li class="k3">round 3 and later</li>
    </ul>
    ${timelineChart(timeline)}
    <figcaption>
      ${counted(shards, 'shard')}, ${counted(rounds, 'round')} at most; time since ${time(startedAt)}.
    </figcaption>
  </figure>`;
  const cut =
    allBatches > batches.length
      ? `The first ${count(batches.length)} of ${count(allBatches)} batches`
      : 'Every batch';
  const table = html`<table>
    <caption>
      ${cut}; all of them are in summary.json once the job has ended.
    </caption>
    <thead>
      <tr>
        <th scope="col">Shard</th>
        <th scope="col">Round</th>
        <th scope="col">Batch</th>
        <th scope="col">Status</th>
        <th scope="col" class="number">Requests</th>
        <th scope="col">Created, UTC</th>
        <th scope="col" class="number">Took</th>
      </tr>
    </thead>
    <tbody>
      ${batches.map(batchRow)}
    </tbody>
  </table>`;
  return section(
    'timeline',
    'Timeline',
    html`${part('timeline', drawn ? figure : html`<p class="note">No batch was created.</p>`)}
      <details>
        <summary>Batches as a table</summary>
        ${wideTable('batches', 'Batches', table)}
      </details>`,
  );
}

function batchRow({ shard, round, batchId, status, requests, createdAt, seconds }: ShownBatch): Html {
  const created =
    createdAt === undefined
      ? ''
      : html`<time datetime="${createdAt}">${moment(createdAt).slice(0, 19)}</time>`;
  return html`<tr>
    <th scope="row">${shard}</th>
    <td>${round}</td>
    <td class="mono">${words(batchId)}</td>
    <td>${words(status)}</td>
    <td class="number">${requests !== undefined && count(requests)}</td>
    <td class="number">${created}</td>
    <td class="number">${seconds !== undefined && duration(seconds)}</td>
  </tr>`;
}

export function usageSection({ models, total, cost, retries }: ReportData): Html {
  const columns = { paid: total.energy > 0 || total.credits > 0, amiss: total.truncated + total.refused > 0 };
  const table = html`<table>
    <caption>
      What the provider reported of its answers${!columns.paid && '; it told no cost'}.
    </caption>
    ${usageHead(columns)}
    <tbody>
      ${models.map(
        (usage) =>
          html`<tr>
            <th scope="row">${words(usage.model ?? 'others')}</th>
            ${usageCells(usage, columns)}
          </tr>`,
      )}
    </tbody>
    ${
      models.length !== 1 &&
      html`<tfoot>
        <tr>
          <th scope="row">All</th>
          ${usageCells(total, columns)}
        </tr>
      </tfoot>`
    }
  </table>`;
  return section(
    'usage',
    'Tokens and cost',
    html`${wideTable(
      'usage',
      'Tokens and cost by model',
      models.length > 0 ? table : html`<p class="note">No answers yet.</p>`,
    )}
    ${part('plan', planned(total, cost))}
    ${retries !== undefined && retries.length > 0 && retryTable(retries)}`,
  );
}

/** Columns that are shown only where they say something. */
interface UsageColumns {
  readonly paid: boolean;
  readonly amiss: boolean;
}

function usageHead({ paid, amiss }: UsageColumns): Html {
  return html`<thead>
    <tr>
      <th scope="col">Model</th>
      <th scope="col" class="number">Answers</th>
      ${
        amiss &&
        html`<th scope="col" class="number">Truncated</th>
          <th scope="col" class="number">Refused</th>`
      }
      <th scope="col" class="number">Input tokens</th>
      <th scope="col" class="number">Output tokens</th>
      ${
        paid &&
        html`<th scope="col" class="number">Energy</th>
          <th scope="col" class="number">Credits</th>`
      }
    </tr>
  </thead>`;
}

function usageCells(usage: Omit<ModelUsage, 'model'>, { paid, amiss }: UsageColumns): Html {
  const { answers, truncated, refused, inputTokens, outputTokens, energy, credits } = usage;
  return html`<td class="number">${count(answers)}</td>
    ${
      amiss &&
      html`<td class="number">${count(truncated)}</td>
        <td class="number">${count(refused)}</td>`
    }
    <td class="number">${count(inputTokens)}</td>
    <td class="number">${count(outputTokens)}</td>
    ${
      paid &&
      html`<td class="number">${amount(energy)}</td>
        <td class="number">${amount(credits)}</td>`
    }`;
}

/** What the plan said, beside what it came to. */
function planned(total: ReportData['total'], { plannedInputTokens, price }: ReportData['cost']): HtmlValue {
  if (plannedInputTokens === undefined) return '';
  const tokens = `Planned: about ${counted(plannedInputTokens, 'input token')}; used: ${count(total.inputTokens)} of input and ${count(total.outputTokens)} of output, rows that were asked again included.`;
  if (price === undefined) return html`<p class="note">${tokens}</p>`;
  const { currency, input, output, plannedInput = 0 } = price;
  return html`<p class="note">${tokens}</p>
    <p class="note">
      At the profile's price: ${money(input + output, currency)}, ${money(input, currency)} for input and
      ${money(output, currency)} for output. The plan said ${money(plannedInput, currency)} for input.
    </p>`;
}

function retryTable(retries: NonNullable<ReportData['retries']>): Html {
  return html`<table>
    <caption>
      Rows that were not ok were asked again. Their tokens are among those above.
    </caption>
    <thead>
      <tr>
        <th scope="col">Retry</th>
        <th scope="col">Status</th>
        <th scope="col" class="number">Rows</th>
        <th scope="col" class="number">Ok now</th>
      </tr>
    </thead>
    <tbody>
      ${retries.slice(-20).map(
        ({ jobId, status, rows, ok }) =>
          html`<tr>
            <th scope="row"><bdi class="mono">${jobId}</bdi></th>
            <td><span class="badge ${status}">${status}</span></td>
            <td class="number">${count(rows)}</td>
            <td class="number">${count(ok)}</td>
          </tr>`,
      )}
    </tbody>
  </table>`;
}

export function errorSection({ errors }: ReportData): Html {
  const row = ({ outcome, code, rows, orMore, custom_id, message }: ShownError): Html =>
    html`<tr>
      <th scope="row" class="row-id">
        <bdi class="mono">${code ?? 'other codes'}</bdi>
        ${outcome && html`<span class="${outcome}">${outcome}</span>`}
      </th>
      <td class="number">${count(rows)}${orMore && ' or more'}</td>
      <td>
        ${custom_id !== undefined && html`<bdi class="mono">${custom_id}</bdi><br />`} ${words(message ?? '')}
      </td>
    </tr>`;
  const table = html`<table>
    <caption>
      Rows that are not ok, by code; the first row of each is the example.
    </caption>
    <thead>
      <tr>
        <th scope="col">Code</th>
        <th scope="col" class="number">Rows</th>
        <th scope="col">Example</th>
      </tr>
    </thead>
    <tbody>
      ${errors.map(row)}
    </tbody>
  </table>`;
  return section(
    'errors',
    'Errors',
    part('errors', errors.length > 0 ? table : html`<p class="note">None.</p>`),
  );
}

export function latencySection({ latency }: ReportData): Html {
  const tile = (name: string, seconds: number): Html =>
    html`<div class="small">
      <dt>${name}</dt>
      <dd>${duration(seconds)}</dd>
    </div>`;
  const content =
    latency === undefined
      ? html`<p class="note">No batch has ended.</p>`
      : html`<figure>
          ${latency.batches > 1 && latencyChart(latency)}
          <dl class="tiles">
            ${tile('shortest', latency.shortest)}${tile('median', latency.median)}${tile('9 of 10 within', latency.ninth)}${tile('longest', latency.longest)}
          </dl>
          <figcaption>${counted(latency.batches, 'batch')}, each from created to collected.</figcaption>
        </figure>`;
  return section('latency', 'Batch latency', part('latency', content));
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
