import { counted, grouped } from '../../text/counted.ts';
import { part, section, tableOf, words } from '../page/elements.ts';
import { shareText } from './explain.ts';
import type { FieldValues } from '../survey/field-survey.ts';
import { html, type Html } from '../page/html.ts';
import type { Numbers } from '../survey/number-survey.ts';
import type { ReportData } from '../report-data.ts';
import { amount } from '../page/text.ts';

/** Shows the distributions of structured answers and of vectors; empty if there are neither. */
export function distributionSection({ survey: { fields, vectors } }: ReportData): Html {
  if (fields.length === 0 && vectors === undefined) return part('values', '');
  const content = html`${fields.map(fieldTable)}
  ${
    vectors !== undefined &&
    html`${tableOf(
      html`${counted(vectors.count, 'vector')}, by their length in numbers.`,
      ['Dimensions', { number: 'Vectors' }, { number: 'Share' }],
      vectors.dimensions.map(([length, n]) => valueRow(grouped(length), n, vectors.count)),
    )}
    ${vectors.norms !== undefined && numberTable('Norm', vectors.norms, 0)}`
  }`;
  return section('values', 'How the answers are distributed', part('values', content));
}

function fieldTable({ name, values, numbers, without }: FieldValues): Html {
  if (numbers !== undefined) return numberTable(name, numbers, without);
  const all = (values ?? []).reduce((sum, [, n]) => sum + n, without);
  const rest = without > 0 ? [valueRow('no such value', without, all)] : [];
  return tableOf(
    html`<bdi class="mono">${name}</bdi> in ${counted(all, 'answer')}.`,
    ['Value', { number: 'Answers' }, { number: 'Share' }],
    [...(values ?? []).map(([value, n]) => valueRow(value, n, all)), ...rest],
  );
}

function valueRow(value: string, n: number, all: number): Html {
  return html`<tr>
    <th scope="row">${words(value)}${shareBar(n / Math.max(1, all))}</th>
    <td class="number">${grouped(n)}</td>
    <td class="number">${shareText(n, all)}</td>
  </tr>`;
}

function shareBar(part: number): Html {
  return html`<svg class="shareText" aria-hidden="true" height="6">
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
  const summary = figures.map(([figure, value]) => `${figure} ${amount(value)}`).join(' · ');
  let from = least;
  const rows = bins.map(({ upTo, share: part }) => {
    const label = bins.length === 1 ? amount(upTo) : `${amount(from)} to ${amount(upTo)}`;
    from = upTo;
    return html`<tr>
      <th scope="row">${label}${shareBar(part)}</th>
      <td class="number">${shareText(part, 1)}</td>
    </tr>`;
  });
  return tableOf(
    html`<bdi class="mono">${name}</bdi>: ${summary}, of
      ${counted(numbers.count, 'number')}${without > 0 && `; ${counted(without, 'answer')} without one`}.`,
    ['Range', { number: 'Share' }],
    rows,
  );
}
