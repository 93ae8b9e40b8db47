import { cellText, toCell } from '../tables/cell.ts';
import type { JoinedRow } from '../tables/joined-rows.ts';
import type { Column } from '../tables/table.ts';
import { html } from './page/html.ts';
import { renderPage } from './page/page.ts';
import { grouped } from '../text/counted.ts';
import { clip } from './page/text.ts';

/** The rows of a page, with links to the pages before and after it. */
export interface ResultsPage {
  readonly jobId: string;
  readonly columns: readonly Column<JoinedRow>[];
  readonly rows: readonly JoinedRow[];
  /** 0-based position of the first row. */
  readonly from: number;
  readonly all: number;
  /** URLs. */
  readonly job: string;
  readonly csv: string;
  readonly earlier: string | undefined;
  readonly later: string | undefined;
}

/** Longest cell in the page, in bytes after escaping. */
const CELL_BYTES = 600;

/** Renders a part of a job's results beside its input, as a host serves it. Pure. */
export function renderResults(page: ResultsPage): string {
  const { jobId, columns, rows, from, all, job, csv, earlier, later } = page;
  const table = html`<table>
    <caption>
      Rows ${grouped(Math.min(from + 1, all))} to ${grouped(from + rows.length)} of ${grouped(all)}. Long
      texts are cut; the CSV has all of them.
    </caption>
    <thead>
      <tr>
        ${columns.map(({ name }) => html`<th scope="col">${clip(name, 160)}</th>`)}
      </tr>
    </thead>
    <tbody>
      ${rows.map(
        (row) =>
          html`<tr>
            ${columns.map(
              ({ value }) =>
                html`<td><span class="words">${clip(cellText(toCell(value(row))), CELL_BYTES)}</span></td>`,
            )}
          </tr>`,
      )}
    </tbody>
  </table>`;
  return renderPage({
    title: `${jobId}: results`,
    header: html`<p class="eyebrow"><a href="/">All jobs</a> · <a href="${job}">This job</a></p>
      <h1>${clip(jobId, 300)}: results</h1>`,
    main: html`<p class="actions"><a href="${csv}">Download as CSV</a></p>
      <div class="scroll" id="results" tabindex="0" role="region" aria-label="Results">${table}</div>
      <p class="pager">
        ${earlier !== undefined && html`<a href="${earlier}" rel="prev">Earlier rows</a>`}
        ${later !== undefined && html`<a href="${later}" rel="next">Later rows</a>`}
      </p>`,
    footer: html`<p>The same table: <span class="mono">nightshift results ${jobId} --with-input</span></p>`,
    live: false,
  });
}
