import { OUTCOMES, settledRows } from '../../checkpoints/outcomes.ts';
import { counted, grouped } from '../../text/counted.ts';
import { outcomeBar } from './charts.ts';
import { part, section, words } from '../page/elements.ts';
import { shareText, EXPLAINED, tellJob } from './explain.ts';
import { html, type Html } from '../page/html.ts';
import type { ReportData } from '../report-data.ts';
import type { RowKind, SampledRow } from '../survey/sample-rows.ts';

/** The parts of a page about rows: their number, their questions, their answers. */

export function leadSection(data: ReportData): Html {
  const { texts } = data;
  return html`${part('lead', html`<p class="lead">${tellJob(data).join(' ')}</p>`)}
  ${
    texts.length > 0 &&
    section(
      'question',
      'What was asked of every row',
      html`<dl class="texts">
        ${texts.map(
          ([name, text]) =>
            html`<div>
              <dt>${name}</dt>
              <dd>${words(text)}</dd>
            </div>`,
        )}
      </dl>`,
    )
  }`;
}

export function outcomes({ counts, rows, survey }: ReportData): Html {
  const settled = settledRows(counts);
  const all = rows ?? settled;
  const tile = (kind: RowKind, n: number): Html =>
    html`<div class="${n === 0 ? 'zero' : kind}">
      <dt>${kind}${n > 0 && ` · ${shareText(n, all)}`}</dt>
      <dd>${grouped(n)}</dd>
    </div>`;
  const open = all - settled;
  const ends = (['truncated', 'refused'] as const).filter((end) => survey[end] > 0);
  const there: RowKind[] = [
    ...OUTCOMES.filter((outcome) => outcome !== 'ok' && counts[outcome] > 0),
    ...ends,
  ];
  return section(
    'outcomes',
    'Rows',
    part(
      'outcomes',
      html`${outcomeBar(counts, all)}
        <dl class="tiles">
          <div>
            <dt>rows</dt>
            <dd>${rows === undefined ? '…' : grouped(rows)}</dd>
          </div>
          ${OUTCOMES.map((outcome) => tile(outcome, counts[outcome]))}
          ${ends.map((end) => tile(end, survey[end]))}
          ${
            open > 0 &&
            html`<div>
              <dt>not settled yet</dt>
              <dd>${grouped(open)}</dd>
            </div>`
          }
        </dl>
        ${
          there.length > 0 &&
          html`<dl class="meanings">
            ${there.map(
              (kind) =>
                html`<div>
                  <dt class="${kind}">${kind}</dt>
                  <dd>${EXPLAINED[kind]}</dd>
                </div>`,
            )}
          </dl>`
        }`,
    ),
  );
}

function rowTable(rows: readonly SampledRow[], caption: string): Html {
  const showsAsked = rows.some(({ asked }) => asked !== undefined);
  const row = ({ customId, outcome, answer, asked = '' }: SampledRow): Html =>
    html`<tr>
      <th scope="row" class="row-id">
        <bdi class="mono">${customId}</bdi> <span class="${outcome}">${outcome}</span>
      </th>
      ${showsAsked && html`<td class="asked">${words(asked)}</td>`}
      <td>${words(answer)}</td>
    </tr>`;
  return html`<table class="rows">
    <caption>
      ${caption}
    </caption>
    <thead>
      <tr>
        <th scope="col">Row</th>
        ${showsAsked && html`<th scope="col">Asked</th>`}
        <th scope="col">Answer</th>
      </tr>
    </thead>
    <tbody>
      ${rows.map(row)}
    </tbody>
  </table>`;
}

export function answerSection({ survey, rows }: ReportData): Html {
  const { sample, notable, allNotable } = survey;
  const isPart = survey.seen !== undefined && rows !== undefined && survey.seen < rows;
  const what = isPart
    ? `not ok, or cut off or refused among the first ${grouped(survey.seen ?? 0)}`
    : 'not ok, cut off or refused';
  const some =
    notable.length < allNotable
      ? `The first ${grouped(notable.length)} of ${grouped(allNotable)} rows that are ${what}; all of them are in the files.`
      : `${counted(allNotable, 'row')} ${allNotable === 1 ? 'is' : 'are'} ${what}.`;
  const all = sample.length === rows;
  const from = isPart
    ? `the first ${grouped(survey.seen ?? 0)}, which is as far as a page reads`
    : 'positions spread over the file';
  const caption = all
    ? `All ${counted(sample.length, 'row')}.`
    : `${grouped(sample.length)} of ${rows === undefined ? 'the' : grouped(rows)} rows, from ${from}. Long texts are cut.`;
  return section(
    'answers',
    'Answers',
    html`<div class="filter" hidden>
        <label for="filter">Filter</label
        ><input type="search" id="filter" autocomplete="off" spellcheck="false" /><span
          id="filter-count"
          role="status"
        ></span>
      </div>
      ${part(
        'notable',
        notable.length > 0 &&
          html`<h3>Rows to look at</h3>
            ${rowTable(notable, some)}`,
      )}
      <p class="pager" id="pager" hidden>
        <button type="button" id="earlier">Earlier rows</button> <span id="page"></span>
        <button type="button" id="later">Later rows</button>
      </p>
      ${part(
        'sample',
        sample.length > 0
          ? html`${notable.length > 0 && html`<h3>A look at all rows</h3>`}${rowTable(sample, caption)}`
          : html`<p class="note">No shard is done yet.</p>`,
      )}`,
  );
}
