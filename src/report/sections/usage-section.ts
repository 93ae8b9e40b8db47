import type { ModelUsage } from '../../checkpoints/counts.ts';
import { counted, grouped } from '../../text/counted.ts';
import { part, section, tableOf, wideTable, words } from '../page/elements.ts';
import { moneyText } from './explain.ts';
import { html, type Html, type HtmlValue } from '../page/html.ts';
import type { ReportData } from '../report-data.ts';
import { amount } from '../page/text.ts';

/** The part of a job's page about tokens and money. */

export function usageSection({ models, total, cost, steps, retries }: ReportData): Html {
  const columns = { paid: total.energy > 0 || total.credits > 0, amiss: total.truncated + total.refused > 0 };
  const table = html`<table>
    <caption>
      What the provider reported of its answers${!columns.paid && '; it reported no cost'}.
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
    ${part('steps', steps.length > 0 ? stepTable(steps) : '')} ${part('plan', planned(total, cost))}
    ${retries !== undefined && retries.length > 0 && retryTable(retries)}`,
  );
}

/** The steps of a ladder, with the rows that each sent and the results. */
function stepTable(steps: ReportData['steps']): Html {
  const isPriced = steps.some(({ cost }) => cost !== undefined);
  const row = ({ step, provider, model, rows, ok, usage, cost }: ReportData['steps'][number]): Html =>
    html`<tr>
      <th scope="row">${step}</th>
      <td>${words(provider)}</td>
      <td>${words(model ?? "the rows' own")}</td>
      <td class="number">${grouped(rows)}</td>
      <td class="number">${grouped(ok)}</td>
      <td class="number">${grouped(usage.inputTokens)}</td>
      <td class="number">${grouped(usage.outputTokens)}</td>
      ${isPriced && html`<td class="number">${cost === undefined ? '' : moneyText(cost.amount, cost.currency)}</td>`}
    </tr>`;
  return html`<table>
    <caption>
      The steps of the job. Rows that are not ok after one go up to the next.
    </caption>
    <thead>
      <tr>
        <th scope="col">Step</th>
        <th scope="col">Provider</th>
        <th scope="col">Model</th>
        <th scope="col" class="number">Rows</th>
        <th scope="col" class="number">Ok</th>
        <th scope="col" class="number">Input tokens</th>
        <th scope="col" class="number">Output tokens</th>
        ${isPriced && html`<th scope="col" class="number">Cost</th>`}
      </tr>
    </thead>
    <tbody>
      ${steps.map(row)}
    </tbody>
  </table>`;
}

/** Columns that are shown only if they have values. */
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
  return html`<td class="number">${grouped(answers)}</td>
    ${
      amiss &&
      html`<td class="number">${grouped(truncated)}</td>
        <td class="number">${grouped(refused)}</td>`
    }
    <td class="number">${grouped(inputTokens)}</td>
    <td class="number">${grouped(outputTokens)}</td>
    ${
      paid &&
      html`<td class="number">${amount(energy)}</td>
        <td class="number">${amount(credits)}</td>`
    }`;
}

/** The plan's estimate, beside the actual usage. */
function planned(total: ReportData['total'], { plannedInputTokens, price }: ReportData['cost']): HtmlValue {
  if (plannedInputTokens === undefined) return '';
  const tokens = `Planned: about ${counted(plannedInputTokens, 'input token')}; used: ${grouped(total.inputTokens)} of input and ${grouped(total.outputTokens)} of output, including rows that were sent again.`;
  if (price === undefined) return html`<p class="note">${tokens}</p>`;
  const { currency, input, output, plannedInput = 0 } = price;
  return html`<p class="note">${tokens}</p>
    <p class="note">
      At the profile's price: ${moneyText(input + output, currency)}, ${moneyText(input, currency)} for input
      and ${moneyText(output, currency)} for output. The plan said ${moneyText(plannedInput, currency)} for
      input.
    </p>`;
}

function retryTable(retries: NonNullable<ReportData['retries']>): Html {
  return tableOf(
    'Rows that were not ok were sent again. Their tokens are included above.',
    ['Retry', 'Status', { number: 'Rows' }, { number: 'Ok now' }],
    retries.slice(-20).map(
      ({ jobId, status, rows, ok }) =>
        html`<tr>
          <th scope="row"><bdi class="mono">${jobId}</bdi></th>
          <td><span class="badge ${status}">${status}</span></td>
          <td class="number">${grouped(rows)}</td>
          <td class="number">${grouped(ok)}</td>
        </tr>`,
    ),
  );
}
