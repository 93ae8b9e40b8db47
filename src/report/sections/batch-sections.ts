import type { Progress } from '../../checkpoints/shard/progress.ts';
import { counted, grouped } from '../../text/counted.ts';
import { duration } from '../../text/duration.ts';
import { latencyChart, timelineChart } from './charts.ts';
import { part, section, tableOf, time, wideTable, words } from '../page/elements.ts';
import { html, type Html } from '../page/html.ts';
import type { ReportData, ShownBatch } from '../report-data.ts';
import { moment } from '../page/text.ts';

/** The wait of a shard for room, as far as known. */
function waitText({ ahead = 0, roomAt }: Progress): string {
  const shards = ahead === 0 ? '' : `, ${counted(ahead, 'shard')} ahead`;
  return roomAt === undefined ? shards : `${shards}, room about ${roomAt.slice(11, 16)} UTC`;
}

/** The parts of a job's page about its shards and batches. */

export function openShards({ progress }: ReportData): Html {
  if (progress === undefined) return part('open', '');
  const { shards, openShards: open } = progress;
  const states = `${grouped(shards.done)} of ${counted(shards.total, 'shard')} done, ${grouped(shards.running)} running, ${grouped(shards.waiting)} waiting, ${grouped(shards.stopped)} stopped`;
  const rows = open.map(
    ({ shard, state, progress: seen }) =>
      html`<tr>
        <th scope="row">${shard}</th>
        <td>${state}</td>
        <td>${seen?.round ?? ''}</td>
        <td>${words(seen?.status ?? '')}${seen !== undefined && words(waitText(seen))}</td>
        <td class="number">
          ${seen?.total !== undefined && html`${grouped(seen.succeeded ?? 0)} / ${grouped(seen.total)}`}
        </td>
        <td>
          ${seen?.nextPollAt !== undefined && html`<time datetime="${seen.nextPollAt}">${seen.nextPollAt.slice(11, 19)}</time>`}
        </td>
      </tr>`,
  );
  const table = tableOf(
    html`${states}. The first that are not done:`,
    ['Shard', 'State', 'Round', 'Batch', { number: 'Answered' }, 'Next poll, UTC'],
    rows,
  );
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
      ? `The first ${grouped(batches.length)} of ${grouped(allBatches)} batches`
      : 'Every batch';
  const table = tableOf(
    html`${cut}; all of them are in summary.json once the job has ended.`,
    ['Shard', 'Round', 'Batch', 'Status', { number: 'Requests' }, 'Created, UTC', { number: 'Took' }],
    batches.map(batchRow),
  );
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
    <td class="number">${requests !== undefined && grouped(requests)}</td>
    <td class="number">${created}</td>
    <td class="number">${seconds !== undefined && duration(seconds)}</td>
  </tr>`;
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
