import { OUTCOMES, settledRows } from '../checkpoints/outcomes.ts';
import { outcomeBar } from './charts.ts';
import { EXPLAINED, share, tellJob } from './explain.ts';
import type { FieldValues } from './field-survey.ts';
import { html, type Html } from './html.ts';
import type { Numbers } from './number-survey.ts';
import type { ReportData } from './report-data.ts';
import type { RowKind, SampledRow } from './sample-rows.ts';
import { part, section, words } from './elements.ts';
import { amount, count, counted } from './text.ts';

/** The parts of a page that are about rows: how many, what they ask, what they are answered. */

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
      <dt>${kind}${n > 0 && ` · ${share(n, all)}`}</dt>
      <dd>${count(n)}</dd>
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
            <dd>${rows === undefined ? '…' : count(rows)}</dd>
          </div>
          ${OUTCOMES.map((outcome) => tile(outcome, counts[outcome]))}
          ${ends.map((end) => tile(end, survey[end]))}
          ${
            open > 0 &&
            html`<div>
              <dt>not settled yet</dt>
              <dd>${count(open)}</dd>
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
    ? `not ok, or cut off or refused among the first ${count(survey.seen ?? 0)}`
    : 'not ok, cut off or refused';
  const some =
    notable.length < allNotable
      ? `The first ${count(notable.length)} of ${count(allNotable)} rows that are ${what}; all of them are in the files.`
      : `${counted(allNotable, 'row')} ${allNotable === 1 ? 'is' : 'are'} ${what}.`;
  const all = sample.length === rows;
  const from = isPart
    ? `the first ${count(survey.seen ?? 0)}, as far as a page looks`
    : 'places spread over the file';
  const caption = all
    ? `All ${counted(sample.length, 'row')}.`
    : `${count(sample.length)} of ${rows === undefined ? 'the' : count(rows)} rows, from ${from}. Long texts are cut.`;
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

/** How structured answers, and vectors, are distributed; nothing where there are neither. */
export function distributionSection({ survey: { fields, vectors } }: ReportData): Html {
  if (fields.length === 0 && vectors === undefined) return part('values', '');
  const content = html`${fields.map(fieldTable)}
  ${
    vectors !== undefined &&
    html`<table>
        <caption>
          ${counted(vectors.count, 'vector')}, by their length in numbers.
        </caption>
        <thead>
          <tr>
            <th scope="col">Dimensions</th>
            <th scope="col" class="number">Vectors</th>
            <th scope="col" class="number">Share</th>
          </tr>
        </thead>
        <tbody>
          ${vectors.dimensions.map(([length, n]) => valueRow(count(length), n, vectors.count))}
        </tbody>
      </table>
      ${vectors.norms !== undefined && numberTable('Norm', vectors.norms, 0)}`
  }`;
  return section('values', 'How the answers are distributed', part('values', content));
}

function fieldTable({ name, values, numbers, without }: FieldValues): Html {
  if (numbers !== undefined) return numberTable(name, numbers, without);
  const all = (values ?? []).reduce((sum, [, n]) => sum + n, without);
  const rest = without > 0 ? [valueRow('no such value', without, all)] : [];
  return html`<table>
    <caption>
      <bdi class="mono">${name}</bdi>
      in ${counted(all, 'answer')}.
    </caption>
    <thead>
      <tr>
        <th scope="col">Value</th>
        <th scope="col" class="number">Answers</th>
        <th scope="col" class="number">Share</th>
      </tr>
    </thead>
    <tbody>
      ${(values ?? []).map(([value, n]) => valueRow(value, n, all))}${rest}
    </tbody>
  </table>`;
}

function valueRow(value: string, n: number, all: number): Html {
  return html`<tr>
    <th scope="row">${words(value)}${shareBar(n / Math.max(1, all))}</th>
    <td class="number">${count(n)}</td>
    <td class="number">${share(n, all)}</td>
  </tr>`;
}

function shareBar(part: number): Html {
  return html`<svg class="share" aria-hidden="true" height="6">
    <rect class="bar-rest" width="100%" height="6" rx="3" />
    <rect class="r1" width="${Number((100 * part).toFixed(2))}%" height="6" rx="3" />
  </svg>`;
}

function numberTable(name: string, numbers: Numbers, without: number): Html {
  const { bins, least, mean, median, most } = numbers;
  const figures: [string, number][] = [
    ['least', least],
    ['mean', mean],
    ['median', median],
    ['most', most],
  ];
  const told = figures.map(([figure, value]) => `${figure} ${amount(value)}`).join(' · ');
  let from = least;
  const rows = bins.map(({ upTo, share: part }) => {
    const label = bins.length === 1 ? amount(upTo) : `${amount(from)} to ${amount(upTo)}`;
    from = upTo;
    return html`<tr>
      <th scope="row">${label}${shareBar(part)}</th>
      <td class="number">${share(part, 1)}</td>
    </tr>`;
  });
  return html`<table>
    <caption>
      <bdi class="mono">${name}</bdi
      >: ${told}, of
      ${counted(numbers.count, 'number')}${without > 0 && `; ${counted(without, 'answer')} without one`}.
    </caption>
    <thead>
      <tr>
        <th scope="col">Range</th>
        <th scope="col" class="number">Share</th>
      </tr>
    </thead>
    <tbody>
      ${rows}
    </tbody>
  </table>`;
}
